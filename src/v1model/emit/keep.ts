/** What a clone or a repeated packet keeps between passes, as numbers. */
import type { FieldList, Program } from '../../bmv2/index.js';
import type { Emitter } from './context.js';
import type { Layout } from './layout.js';

/** A number that is kept: how to get it, and how to put `value` back. */
interface Kept {
  get: string;
  set: (value: string) => string;
}

function keptOf(emitter: Emitter, list: FieldList): Kept[] {
  const { layout, program } = emitter;
  const slot = (name: string): Kept => ({ get: name, set: (value) => `${name} = ${value};` });
  const fields = list.fields.flatMap((ref) => {
    const { isMetadata } = program.headers[ref.header]!;
    const names = layout.storage(ref)?.names ?? [];
    if (isMetadata) return [...names.map(slot), ...varbitWords(layout, ref).map(slot)];
    const dirty = `I[${layout.dirtySlot(ref.header)}] |= ${layout.dirtyMask(ref)};`;
    return names.map((name) => ({ get: name, set: (v: string) => `${name} = ${v}; ${dirty}` }));
  });
  const headers = list.headers.map((header): Kept => {
    const [valid, invalid] = [emitter.setValid(header, true), emitter.setValid(header, false)];
    return {
      get: `${emitter.isValid(header)} ? 1 : 0`,
      set: (value) => `if (${value} !== 0) { ${valid} } else { ${invalid} }`,
    };
  });
  const stacks = list.stacks.map((stack) => slot(`I[${layout.nextSlot(stack)}]`));
  return [...fields, ...headers, ...stacks];
}

/** The words of a metadata field that is a varbit. */
function varbitWords(layout: Layout, ref: { header: number; field: number }): string[] {
  const place = layout.varbit(ref.header);
  if (!place || layout.program.headers[ref.header]!.varbit!.field !== ref.field) return [];
  const words = Math.ceil(place.maxBytes / 4);
  const bytes = Array.from({ length: words }, (_, i) => `I[${place.at / 4 + i}]`);
  return [`I[${place.length}]`, ...bytes];
}

/** `keep` copies what is in a list out as numbers, `restore` puts them back. */
export function emitKeep(emitter: Emitter): string {
  const lists = [...emitter.program.fieldLists].map(([id, list]) => ({
    id,
    kept: keptOf(emitter, list),
  }));
  const cases = (body: (kept: Kept, i: number) => string): string =>
    lists.map((l) => `case ${l.id}: ${l.kept.map(body).join(' ')} break;`).join('\n');
  return `function keep(list, out, at) {
  switch (list) { ${cases(({ get }, i) => `out[at + ${i}] = ${get};`)} }
}
function restore(list, from, at) {
  switch (list) { ${cases(({ set }, i) => set(`from[at + ${i}]`))} }
}`;
}

/** The most numbers that any field list takes. */
export function keptNumbers(program: Program, layout: Layout): number {
  const lengths = [...program.fieldLists.values()].map(({ fields, headers, stacks }) =>
    fields.reduce(
      (sum, ref) =>
        sum + (layout.storage(ref)?.names.length ?? 0) + varbitWords(layout, ref).length,
      headers.length + stacks.length,
    ),
  );
  return Math.max(0, ...lengths);
}
