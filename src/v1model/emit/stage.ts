/**
 * A pipeline as code of one function, or of several when it is long: V8 never optimises a function
 * of more than 61,440 bytes of bytecode, and takes more than linear time for long ones. Functions
 * that share a pipeline share its state in slots, because none of them has local variables.
 */
import type { Pipeline, Program } from '../../bmv2/index.js';
import { Emitter } from './context.js';
import { emitPipeline } from './control.js';
import { Layout } from './layout.js';
import type { Stage } from './usage.js';

/** Characters beyond which a pipeline is split: about 20 kB of bytecode. */
const SPLIT_BEYOND = 32_000;
/** Characters of a part: about 10 kB of bytecode. */
const PART = 16_000;

/** What generated functions use between two statements and never longer. */
export const scratchVariables = 'let o = 0, h = 0, e = 0, m = 0, i = 0;';

/**
 * Stages whose pipelines are too long for one function. Code with probes is longer, but must share
 * its storage with the same code without, so that probes do not count.
 */
export function stagesToSplit(program: Program): Set<Stage> {
  const emitter = new Emitter(program, new Layout(program));
  const isLong = (pipeline: Pipeline): boolean =>
    emitPipeline(emitter, pipeline, SPLIT_BEYOND).length > 1;
  const stages = new Set<Stage>();
  if (isLong(program.ingress)) stages.add('front');
  if (isLong(program.egress)) stages.add('egress');
  return stages;
}

/** The code of a stage's function, and the functions that it calls; these begin with a newline. */
export function emitStage(
  emitter: Emitter,
  stage: Stage,
  pipeline: Pipeline,
): { code: string; functions: string } {
  const limit = emitter.layout.isSplit(stage) ? PART : Infinity;
  const parts = emitPipeline(emitter, pipeline, limit);
  if (parts.length <= 1) return { code: parts[0]?.code ?? '', functions: '' };
  const functions = parts.map(
    ({ code }, i) => `
function ${pipeline.name}${i}(p, at) {
  ${scratchVariables}
  ${code}
  return -1;
}`,
  );
  const calls = parts.map(
    ({ end }, i) => `if (at >= 0 && at < ${end}) at = ${pipeline.name}${i}(p, at);`,
  );
  return { code: `let at = 0;\n${calls.join('\n')}`, functions: functions.join('') };
}
