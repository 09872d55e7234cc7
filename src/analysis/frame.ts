/** danfo.js data frames, loaded when first needed: the import takes a second. */
import type { DataFrame as Frame } from 'danfojs';

/** A table of numbers: one row per observation. */
export type Rows = Record<string, number>[];

type Danfo = typeof import('danfojs');

let danfo: Promise<Danfo> | undefined;

/** The library, without its notices about the number of backends. */
async function load(): Promise<Danfo> {
  const { warn, info } = console;
  console.warn = () => {};
  console.info = () => {};
  try {
    const tf = await import('@tensorflow/tfjs');
    tf.enableProdMode();
    const module = await import('danfojs');
    return (module as { default?: Danfo }).default ?? module;
  } finally {
    console.warn = warn;
    console.info = info;
  }
}

/** A data frame of rows that all have the same columns. */
export async function frameOf(rows: Rows): Promise<Frame> {
  danfo ??= load();
  const { DataFrame } = await danfo;
  return new DataFrame(rows);
}
