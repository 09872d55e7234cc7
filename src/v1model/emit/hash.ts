/** Hashes and checksums over concatenated fields. */
import { unreachable } from '../../base/assert.js';
import type { Calculation, Checksum } from '../../bmv2/index.js';
import type { Leaves } from './expression.js';
import type { Emitter } from './context.js';
import { concatenatedBytes } from './bytes.js';
import { asUnsigned, numberValue, type Value } from './value.js';
import { isOverWholeHeader } from './usage.js';

/** Statements that leave a hash in the variable `h`, and its largest value. */
export function emitHash(
  emitter: Emitter,
  calculation: Calculation,
  parameter?: Leaves['parameter'],
): { statements: string; value: Value } {
  const inputs = calculation.input.map((input) => emitter.value(input, parameter));
  const bits = calculation.widths.reduce((sum, width) => sum + width, 0);
  switch (calculation.algorithm) {
    case 'identity': {
      if (bits > 53) break;
      const parts = inputs.map((input, i) => {
        const below = calculation.widths.slice(i + 1).reduce((sum, width) => sum + width, 0);
        return `${asUnsigned(input, calculation.widths[i]!)} * ${2 ** below}`;
      });
      return { statements: `h = ${parts.join(' + ')};`, value: numberValue('h', 0, 2 ** bits - 1) };
    }
    case 'random':
      return { statements: 'h = random(0, 4294967295);', value: numberValue('h', 0, 2 ** 32 - 1) };
    case 'crc16':
    case 'crc32':
    case 'csum16':
      break;
    default:
      unreachable(calculation.algorithm);
  }
  const bytes = concatenatedBytes(inputs, calculation.widths);
  const isCrc32 = calculation.algorithm === 'crc32';
  const statements =
    calculation.algorithm === 'csum16'
      ? `${sumOf(bytes, calculation.withPayload)} h = ~h & 65535;`
      : isCrc32
        ? `h = -1; ${bytes.map(crcStep('crc32Table')).join(' ')} h = ~h >>> 0;`
        : calculation.algorithm === 'crc16'
          ? `h = 0; ${bytes.map(crcStep('crc16Table')).join(' ')}`
          : `h = ${asUnsigned({ kind: 'limbs', limbs: identityWords(bytes) }, 53)};`;
  return {
    statements,
    value: numberValue('h', 0, isCrc32 ? 2 ** 32 - 1 : bits > 16 ? 2 ** 53 : 65535),
  };
}

function crcStep(table: string): (byte: string) => string {
  return (byte) => `h = ${table}[(h ^ ${byte}) & 255] ^ (h >>> 8);`;
}

/** The first eight bytes, as the reference target's identity hash takes them. */
function identityWords(bytes: string[]): string[] {
  const first = bytes.slice(0, 8);
  const word = (part: string[]): string =>
    `(${part.map((byte, i) => `(${byte} << ${8 * (part.length - 1 - i)})`).join(' | ')})`;
  return [word(first.slice(0, -4)), word(first.slice(-4))];
}

/** Statements that leave the folded one's complement sum of bytes in `h`. */
function sumOf(bytes: readonly string[], withPayload: boolean): string {
  const words: string[] = [];
  for (let i = 0; i < bytes.length; i += 2) {
    words.push(`(${bytes[i]} << 8)${i + 1 < bytes.length ? ` + ${bytes[i + 1]}` : ''}`);
  }
  const payload = withPayload ? ' + payloadSum(p)' : '';
  return `h = ${words.join(' + ') || '0'}${payload}; ${fold}`;
}

const fold = 'h = (h & 65535) + Math.floor(h / 65536); h = (h & 65535) + (h >>> 16);';

/** Sum over a header's bytes, leaving out the 16 bits at `skip`. */
function headerSum(array: string, base: string, byteLength: number, skip: number): string {
  const bytes: string[] = [];
  for (let i = 0; i < byteLength; i++) {
    if (i !== skip && i !== skip + 1) bytes.push(`${array}[${base} + ${i}]`);
  }
  return sumOf(bytes, false);
}

/** Checks one checksum after parsing; sets standard_metadata.checksum_error. */
export function emitVerify(emitter: Emitter, checksum: Checksum): string {
  const { layout, program } = emitter;
  const condition = emitter.value(checksum.condition);
  const code = condition.kind === 'boolean' ? condition.code : 'true';
  const failed = `${layout.intrinsic('checksum_error').names[0]} = 1;`;
  const { header, field } = checksum.target;
  if (isOverWholeHeader(program, checksum.target, checksum.calculation)) {
    const { byteLength, fields } = program.headers[header]!;
    const at = fields[field]!.bitOffset / 8;
    return `if (${code}) {
      const b = s + I[${layout.offsetSlot(header)}];
      ${headerSum('B', 'b', byteLength, at)}
      if ((~h & 65535) !== ((B[b + ${at}] << 8) | B[b + ${at + 1}])) ${failed}
    }`;
  }
  const hash = emitHash(emitter, program.calculations[checksum.calculation]!);
  const { width } = program.headers[header]!.fields[field]!;
  const have = asUnsigned(layout.read(checksum.target), width);
  const wanted = asUnsigned(hash.value, width);
  return `if (${code}) { ${hash.statements} if (${wanted} !== ${have}) ${failed} }`;
}

/** Computes a checksum from fields before headers are written; '' when taken over bytes. */
export function emitUpdate(emitter: Emitter, checksum: Checksum): string {
  const { program } = emitter;
  if (isOverWholeHeader(program, checksum.target, checksum.calculation)) return '';
  const condition = emitter.value(checksum.condition);
  const code = condition.kind === 'boolean' ? condition.code : 'true';
  const hash = emitHash(emitter, program.calculations[checksum.calculation]!);
  return `if (${code}) { ${hash.statements} ${emitter.assign(checksum.target, hash.value)} }`;
}

/** Computes a checksum over its own header's bytes, once they are written. */
export function emitUpdateOverBytes(emitter: Emitter, checksum: Checksum, array: string): string {
  const { layout, program } = emitter;
  if (!isOverWholeHeader(program, checksum.target, checksum.calculation)) return '';
  const { header, field } = checksum.target;
  const { byteLength, fields } = program.headers[header]!;
  const at = fields[field]!.bitOffset / 8;
  const condition = emitter.value(checksum.condition);
  const code = condition.kind === 'boolean' ? condition.code : 'true';
  const offset = `I[${layout.offsetSlot(header)}]`;
  return `if (${code}) {
    const b = ${array === 'B' ? `s + ${offset}` : offset};
    ${headerSum(array, 'b', byteLength, at)}
    h = ~h & 65535; ${array}[b + ${at}] = h >>> 8; ${array}[b + ${at + 1}] = h & 255;
  }`;
}
