/** Actions as statements: one emitter per primitive. */
import { unreachable } from '../../base/assert.js';
import type { Action, Expression, Primitive } from '../../bmv2/index.js';
import { UmbraError } from '../../base/errors.js';
import { parameterRow } from '../parameters.js';
import type { Emitter } from './context.js';
import type { Leaves } from './expression.js';
import { emitHash } from './hash.js';
import { asIndex, asUnsigned, numberValue, type Value } from './value.js';

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
    if (place.words > 1) return { kind: 'limbs', limbs: words };
    const code = place.width === 32 ? `(${words[0]} >>> 0)` : words[0]!;
    return numberValue(code, 0, 2 ** place.width - 1);
  };
  return action.body.map((p) => emitPrimitive(emitter, p, parameter, exit)).join('\n');
}

function emitPrimitive(
  emitter: Emitter,
  primitive: Primitive,
  parameter: Leaves['parameter'],
  exit: string,
): string {
  const value = (expression: Expression): Value => emitter.value(expression, parameter);
  const { layout } = emitter;
  switch (primitive.op) {
    case 'assign':
      return emitter.assign(primitive.target, value(primitive.value));
    case 'set_valid':
      return emitter.setValid(primitive.header, true);
    case 'set_invalid':
      return emitter.setValid(primitive.header, false);
    case 'copy_header':
      return emitCopy(emitter, primitive.target, primitive.source);
    case 'drop': {
      const group = layout.intrinsic('mcast_grp').names[0];
      return `${layout.intrinsic('egress_spec').names[0]} = DROP; ${group} = 0;`;
    }
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
    default:
      return emitExtern(emitter, primitive, parameter);
  }
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
  switch (primitive.op) {
    case 'count': {
      const { size } = program.counters[primitive.counter]!;
      const name = `c${primitive.counter}`;
      return `i = ${asIndex(value(primitive.index))};
        if (i < ${size}) { ${name}_packets[i]++; ${name}_bytes[i] += ${emitter.packetLength}; }`;
    }
    case 'register_read': {
      const { size, width } = registerOf(emitter, primitive.register);
      const name = `r${primitive.register}`;
      const cell = width === 32 ? `(${name}[i] >>> 0)` : `${name}[i]`;
      const read = numberValue(`(i < ${size} ? ${cell} : 0)`, 0, 2 ** width - 1);
      return `i = ${asIndex(value(primitive.index))}; ${emitter.assign(primitive.target, read)}`;
    }
    case 'register_write': {
      const { size, width } = registerOf(emitter, primitive.register);
      const written = asUnsigned(value(primitive.value), width);
      return `i = ${asIndex(value(primitive.index))};
        if (i < ${size}) r${primitive.register}[i] = ${written};`;
    }
    case 'random': {
      const [low, high] = [value(primitive.low), value(primitive.high)];
      const bounds = [low, high].map((v) => (v.kind === 'number' ? v : undefined));
      const code = `random(${asIndex(low)}, ${asIndex(high)})`;
      const drawn = numberValue(code, bounds[0]?.low ?? 0, bounds[1]?.high ?? 2 ** 53 - 1);
      return emitter.assign(primitive.target, drawn);
    }
    case 'hash': {
      const hash = emitHash(emitter, program.calculations[primitive.calculation]!, parameter);
      return `${hash.statements} ${emitHashAssignment(emitter, primitive, hash.value, value)}`;
    }
    case 'meter': {
      const colour = numberValue(
        `m${primitive.meter}.execute(${asIndex(value(primitive.index))}, ${emitter.packetLength})`,
        0,
        2,
      );
      return emitter.assign(primitive.target, colour);
    }
    default:
      return unreachable(primitive);
  }
}

/** target = base + hash mod size; a size of 0 leaves the base. */
function emitHashAssignment(
  emitter: Emitter,
  primitive: Extract<Primitive, { op: 'hash' }>,
  hash: Value,
  value: (expression: Expression) => Value,
): string {
  const base = value(primitive.base);
  const size = value(primitive.size);
  const high = hash.kind === 'number' ? hash.high : 2 ** 53;
  const isWhole = size.kind === 'number' && size.low === size.high && size.low > high;
  const part = isWhole ? 'h' : `(${asIndex(size)} === 0 ? 0 : h % ${asIndex(size)})`;
  if (base.kind === 'number' && base.low === 0 && base.high === 0) {
    return emitter.assign(primitive.target, numberValue(part, 0, high));
  }
  return emitter.assign(
    primitive.target,
    numberValue(`(${asIndex(base)} + ${part})`, 0, 2 ** 53 - 1),
  );
}

function registerOf(emitter: Emitter, index: number): { size: number; width: number } {
  const register = emitter.program.registers[index]!;
  if (register.width > 53) {
    throw new UmbraError(
      'UNSUPPORTED_PROGRAM',
      `${emitter.program.source}: ${register.name}: a register of ${register.width} bits ` +
        'is not supported (53 at most)',
    );
  }
  return register;
}

function emitCopy(emitter: Emitter, target: number, source: number): string {
  const { layout, program } = emitter;
  const fields = program.headers[target]!.fields.map((_, field) =>
    emitter.assign({ header: target, field }, layout.read({ header: source, field })),
  );
  const valid = emitter.setValid(target, true);
  const invalid = emitter.setValid(target, false);
  return `if (${emitter.isValid(source)}) { ${valid} ${fields.join(' ')} } else { ${invalid} }`;
}
