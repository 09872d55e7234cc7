/** Actions as statements: one emitter per primitive. */
import { unreachable } from '../../base/assert.js';
import type { Action, Expression, FieldRef, Primitive } from '../../bmv2/index.js';
import { parameterRow } from '../parameters.js';
import type { Emitter } from './context.js';
import type { Leaves } from './expression.js';
import { emitArithmetic, emitComparison, emitLow, emitOffset } from './arithmetic.js';
import { emitBody } from './body.js';
import { emitHash } from './hash.js';
import { emitPop, emitPush } from './stack.js';
import {
  asCondition,
  asIndex,
  asLimbs,
  asUnsigned,
  limbCount,
  numberValue,
  rangeOf,
  setupOf,
  wordsFor,
  wordsValue,
  type Value,
} from './value.js';
import { copyVarbit } from './varbit.js';
import { placed } from './wide.js';

/** The columns that hold an entry's arguments, and the variables of its row's starts. */
export interface ArgumentSource {
  ints: string;
  doubles: string;
  intRow: string;
  doubleRow: string;
}

/** Emits an action's body; `exit` is the statement that ends the pipeline. */
export function emitAction(
  emitter: Emitter,
  action: Action,
  source: ArgumentSource,
  exit: string,
): string {
  const row = parameterRow(action);
  const parameter: Leaves['parameter'] = (index) => {
    const place = row.places[index]!;
    if (place.column === 'doubles') {
      const code = `${source.doubles}[${source.doubleRow} + ${place.offset}]`;
      return numberValue(code, 0, 2 ** place.width - 1);
    }
    const words = Array.from(
      { length: place.words },
      (_, i) => `${source.ints}[${source.intRow} + ${place.offset + i}]`,
    );
    if (place.words > 1) return wordsValue(words, place.width);
    const code = place.width === 32 ? `(${words[0]} >>> 0)` : words[0]!;
    return numberValue(code, 0, 2 ** place.width - 1);
  };
  return emitBody(action.body, {
    step: (primitive) => emitPrimitive(emitter, primitive, parameter, exit),
    condition: (condition) => asCondition(emitter.value(condition, parameter)),
    giveUp: `endLoop(); ${emitDropAll(emitter)} ${exit}`,
  });
}

/** Emits one primitive; `parameter` gives the surrounding action's arguments. */
export function emitPrimitive(
  emitter: Emitter,
  primitive: Primitive,
  parameter: Leaves['parameter'],
  exit: string,
): string {
  const value = (expression: Expression): Value => emitter.value(expression, parameter);
  switch (primitive.op) {
    case 'assign': {
      const { target } = primitive;
      const assigned = emitter.value(primitive.value, parameter, emitter.widthOf(target));
      return emitter.assign(target, assigned);
    }
    case 'set_valid':
      return emitter.setValid(primitive.header, true);
    case 'set_invalid':
      return emitter.setValid(primitive.header, false);
    case 'copy_header':
      return emitCopy(emitter, primitive.target, primitive.source);
    case 'copy_varbit': {
      const [target, source] = [primitive.target.header, primitive.source.header];
      return emitVarbitCopy(emitter, target, source);
    }
    case 'push':
      return emitPush(emitter, primitive.stack, primitive.count);
    case 'pop':
      return emitPop(emitter, primitive.stack, primitive.count);
    case 'copy_next': {
      const [target, source] = [primitive.target, primitive.source].map((stack) =>
        emitter.layout.nextSlot(stack),
      );
      return `I[${target}] = I[${source}];`;
    }
    case 'choose': {
      const cases = primitive.cases.map((body, i) => {
        const code = body.map((inner) => emitPrimitive(emitter, inner, parameter, exit));
        return `case ${i}: { ${code.join('\n')} break; }`;
      });
      return `switch (${asIndex(value(primitive.index))}) {\n${cases.join('\n')}\n}`;
    }
    case 'drop':
      return emitDrop(emitter);
    case 'exit':
      return exit;
    case 'clone': {
      const slot = primitive.stage === 'ingress' ? 'clone_ingress' : 'clone_egress';
      const session = asUnsigned(value(primitive.session), 32);
      const list = emitter.slot(`${slot}_list`);
      return `${emitter.slot(slot)} = ${session} + 1; ${list} = ${primitive.fieldList};`;
    }
    case 'recirculate':
    case 'resubmit':
      return `${emitter.slot(primitive.op)} = ${primitive.fieldList + 1};`;
    case 'truncate':
      return `${emitter.slot('truncate')} = ${asUnsigned(value(primitive.length), 32)} + 1;`;
    case 'digest':
      return `${emitter.slot('digests')} |= ${2 ** primitive.list};`;
    case 'assert': {
      const number = emitter.assertions.push(primitive) - 1;
      const holds = asCondition(value(primitive.condition));
      return `if (!${holds}) { assertionFailed(${number}); ${emitDropAll(emitter)} ${exit} }`;
    }
    case 'log':
      return emitLog(emitter, primitive, value);
    case 'jump':
      return unreachable(primitive as never);
    default:
      return emitExtern(emitter, primitive, parameter);
  }
}

function emitDrop({ layout }: Emitter): string {
  const group = layout.intrinsic('mcast_grp').names[0];
  return `${layout.intrinsic('egress_spec').names[0]} = DROP; ${group} = 0;`;
}

/** Drops the packet, and forgets whatever else was asked for. */
function emitDropAll(emitter: Emitter): string {
  const asked = ['clone_ingress', 'clone_egress', 'recirculate', 'resubmit', 'digests'] as const;
  return `${asked.map((name) => `${emitter.slot(name)} = 0;`).join(' ')} ${emitDrop(emitter)}`;
}

/** A message, made up only when somebody listens. */
function emitLog(
  emitter: Emitter,
  primitive: Extract<Primitive, { op: 'log' }>,
  value: (expression: Expression) => Value,
): string {
  const number = emitter.messages.push(primitive.format) - 1;
  const values = primitive.values.map(value);
  const parts = values.map((v) => {
    if (v.kind === 'boolean') return asUnsigned(v, 1);
    if (v.kind === 'number') return v.code;
    return `[${v.low < 0n}, ${v.limbs.join(', ')}]`;
  });
  const setups = values.map(setupOf).join(' ');
  return `if (isLogged) { ${setups} log(${number}, [${parts.join(', ')}]); }`;
}

type ExternCall = Extract<
  Primitive,
  { op: 'count' | 'register_read' | 'register_write' | 'random' | 'hash' | 'meter' }
>;

function emitExtern(
  emitter: Emitter,
  primitive: ExternCall,
  parameter: Leaves['parameter'],
): string {
  const value = (expression: Expression): Value => emitter.value(expression, parameter);
  const { program } = emitter;
  const at = (index: Expression, size: number, then: string): string =>
    `{ ${setupOf(value(index))} i = ${asIndex(value(index))}; if (i < ${size}) { ${then} } }`;
  switch (primitive.op) {
    case 'count': {
      const { size } = program.counters[primitive.counter]!;
      const name = `c${primitive.counter}`;
      return `i = ${asIndex(value(primitive.index))};
        if (i < ${size}) { ${name}_packets[i]++; ${name}_bytes[i] += ${emitter.packetLength}; }`;
    }
    case 'register_read': {
      const { size, width } = program.registers[primitive.register]!;
      const read = registerCell(`r${primitive.register}`, width);
      return at(primitive.index, size, emitter.assign(primitive.target, read));
    }
    case 'register_write': {
      const { size, width } = program.registers[primitive.register]!;
      const written = emitter.value(primitive.value, parameter, width);
      return at(primitive.index, size, storeRegister(emitter, primitive.register, width, written));
    }
    case 'random':
      return emitRandom(emitter, primitive.target, value(primitive.low), value(primitive.high));
    case 'hash': {
      const hash = emitHash(emitter, program.calculations[primitive.calculation]!, parameter);
      const [base, size] = [value(primitive.base), value(primitive.size)];
      const drawn = emitOffset(hash.value, base, size, emitter.scratch);
      return `{ ${hash.statements} ${emitter.assign(primitive.target, drawn)} }`;
    }
    case 'meter': {
      const { size } = program.meters[primitive.meter]!;
      const colour = `m${primitive.meter}.execute(i, ${emitter.packetLength})`;
      const assigned = emitter.assign(primitive.target, numberValue(colour, 0, 2));
      return at(primitive.index, size, assigned);
    }
    default:
      return unreachable(primitive);
  }
}

/** The cell `i` of a register array. */
function registerCell(name: string, width: number): Value {
  if (width > 53) {
    const count = limbCount(width);
    const words = Array.from({ length: count }, (_, word) => `${name}[i * ${count} + ${word}]`);
    return wordsValue(words, width);
  }
  return numberValue(width === 32 ? `(${name}[i] >>> 0)` : `${name}[i]`, 0, 2 ** width - 1);
}

function storeRegister(emitter: Emitter, register: number, width: number, value: Value): string {
  const name = `r${register}`;
  if (width <= 53) return `${name}[i] = ${asUnsigned(value, width)};`;
  const count = limbCount(width);
  const low = emitLow(value, width, emitter.scratch);
  const words = asLimbs(low, count);
  const stores = words.map((word, i) => `${name}[i * ${count} + ${i}] = ${word};`);
  return `${setupOf(low)} ${stores.join(' ')}`;
}

/** target = uniform in [low, high]; unchanged when that is empty. */
function emitRandom(emitter: Emitter, target: FieldRef, low: Value, high: Value): string {
  const { scratch } = emitter;
  const isEmpty = asCondition(emitComparison('>', low, high, scratch));
  const [from, to] = [rangeOf(low), rangeOf(high)];
  if (low.kind === 'number' && high.kind === 'number') {
    const drawn = numberValue(`random(${low.code}, ${high.code})`, low.low, high.high);
    const assigned = emitter.assign(target, drawn);
    return from.high <= to.low ? assigned : `if (!${isEmpty}) { ${assigned} }`;
  }
  // low plus a draw from the span's bits that does not exceed it.
  const span = emitArithmetic('-', high, low, undefined, scratch);
  const count = wordsFor(0n, to.high - from.low);
  const wide = placed(span, count, scratch);
  const at = scratch.words(count);
  const limbs = Array.from({ length: count }, (_, i) => `L[${at + i}]`);
  const drawn = { ...wordsValue(limbs, 32 * count), at };
  const sum = emitArithmetic('+', drawn, low, emitter.widthOf(target), scratch);
  return `if (!${isEmpty}) { ${setupOf(wide)}
    randomWords(L, ${at}, ${wide.at}, ${count}); ${emitter.assign(target, sum)} }`;
}

function emitVarbitCopy(emitter: Emitter, target: number, source: number): string {
  const copy = copyVarbit(emitter.layout, target, source);
  const { isMetadata } = emitter.program.headers[target]!;
  return isMetadata ? copy : `${copy} ${emitter.reshape()}`;
}

function emitCopy(emitter: Emitter, target: number, source: number): string {
  const { layout, program } = emitter;
  const { varbit, fields: all } = program.headers[target]!;
  const fields = all.map((_, field) =>
    field === varbit?.field
      ? emitVarbitCopy(emitter, target, source)
      : emitter.assign({ header: target, field }, layout.read({ header: source, field })),
  );
  const valid = emitter.setValid(target, true);
  const invalid = emitter.setValid(target, false);
  return `if (${emitter.isValid(source)}) { ${valid} ${fields.join(' ')} } else { ${invalid} }`;
}
