/** Hashes and checksums over concatenated fields. */
import type { Calculation, Checksum, FieldRef, HashAlgorithm } from '../../bmv2/index.js';
import { UmbraError } from '../../base/errors.js';
import { emitChoice, emitComparison, emitLow } from './arithmetic.js';
import type { Leaves } from './expression.js';
import type { Emitter } from './context.js';
import { concatenatedBytes } from './bytes.js';
import { asCondition, narrow, numberValue, setupOf, wordsValue, type Value } from './value.js';
import { isOverWholeHeader } from './usage.js';
import { varbitSource } from './varbit.js';

/** Inputs that are there together: of one header, or always. */
interface Chunk {
  /** Condition for the inputs to count, as an invalid header's do not; '' for always. */
  guard: string;
  values: Value[];
  widths: number[];
  /** The header whose varbit stands alone in this chunk. */
  varbit?: number;
}

/** Statements that compute a hash, and its value once they have run. */
export interface Hash {
  statements: string;
  value: Value;
}

/** Emits a hash. Its statements use the variable `h`. */
export function emitHash(
  emitter: Emitter,
  calculation: Calculation,
  parameter?: Leaves['parameter'],
): Hash {
  const { algorithm } = calculation;
  if (algorithm === 'random') {
    return { statements: 'h = random(0, 4294967295);', value: numberValue('h', 0, 2 ** 32 - 1) };
  }
  const chunks = chunksOf(emitter, calculation, parameter);
  const setups = chunks.flatMap((chunk) => chunk.values.map(setupOf)).join(' ');
  const hash =
    emitUnrolled(calculation, chunks) ?? emitOverBuffer(emitter, calculation, chunks);
  return { ...hash, statements: setups === '' ? hash.statements : `${setups} ${hash.statements}` };
}

/** Consecutive inputs of one header make one chunk. */
function chunksOf(
  emitter: Emitter,
  { input, widths }: Calculation,
  parameter?: Leaves['parameter'],
): Chunk[] {
  const guards = input.map((part) => {
    const isPacket = part.kind === 'field' && !isMetadata(emitter, part.ref.header);
    return isPacket ? emitter.isValid(part.ref.header) : '';
  });
  const chunks: Chunk[] = [];
  input.forEach((part, i) => {
    const guard = guards[i]!;
    if (part.kind === 'field' && isVarbit(emitter, part.ref)) {
      chunks.push({ guard, values: [], widths: [widths[i]!], varbit: part.ref.header });
      return;
    }
    let last = chunks.at(-1);
    if (last?.guard !== guard || last.varbit !== undefined) {
      chunks.push((last = { guard, values: [], widths: [] }));
    }
    last.values.push(emitter.value(part, parameter, widths[i]!));
    last.widths.push(widths[i]!);
  });
  if (chunks.slice(0, -1).every((chunk) => bitsOf(chunk) % 8 === 0)) return chunks;
  if (chunks.some((chunk) => chunk.varbit !== undefined)) {
    const text = `${emitter.program.source}: a hash with a varbit amid a byte is not supported`;
    throw new UmbraError('UNSUPPORTED_PROGRAM', text);
  }
  // What would move every later bit by a few counts as zero instead of as missing.
  const values = chunks.flatMap(({ guard, values: own }) =>
    own.map((value) => (guard === '' ? value : orZero(emitter, guard, value))),
  );
  return [{ guard: '', values, widths: chunks.flatMap((chunk) => chunk.widths) }];
}

function orZero(emitter: Emitter, guard: string, value: Value): Value {
  return emitChoice(guard, value, numberValue('0', 0, 0), emitter.scratch);
}

function isMetadata(emitter: Emitter, header: number): boolean {
  return emitter.program.headers[header]!.isMetadata;
}

function isVarbit(emitter: Emitter, { header, field }: FieldRef): boolean {
  return emitter.program.headers[header]!.varbit?.field === field;
}

function bitsOf({ widths }: Chunk): number {
  return widths.reduce((sum, width) => sum + width, 0);
}

function guarded({ guard }: Chunk, statement: string): string {
  return guard === '' ? statement : `if (${guard}) { ${statement} }`;
}

const results: Partial<Record<HashAlgorithm, number>> = {
  crc16: 16,
  crcCCITT: 16,
  csum16: 16,
  xor16: 16,
  crc32: 32,
};

/** Straight code over inputs whose places in the message are known; undefined for others. */
function emitUnrolled({ algorithm, withPayload }: Calculation, chunks: Chunk[]): Hash | undefined {
  if (chunks.some((chunk) => chunk.varbit !== undefined)) return undefined;
  const isCrc = algorithm in crcs;
  const isSum = algorithm === 'csum16' || algorithm === 'xor16';
  const isEven = chunks.slice(0, withPayload ? undefined : -1).every((c) => bitsOf(c) % 16 === 0);
  if (withPayload && algorithm !== 'csum16') return undefined;
  if (isSum && !isEven) return undefined;
  if (algorithm === 'identity') return emitIdentity(chunks);
  const parts = chunks.map((c) => ({ ...c, bytes: concatenatedBytes(c.values, c.widths) }));
  if (isCrc) {
    const { start, step, end } = crcs[algorithm]!;
    const steps = parts.map((part) => guarded(part, part.bytes.map(step).join(' ')));
    const statements = `${start} ${steps.join(' ')} ${end}`;
    return { statements, value: numberValue('h', 0, 2 ** results[algorithm]! - 1) };
  }
  if (!isSum) return undefined;
  const sign = algorithm === 'csum16' ? '+' : '^';
  const terms = parts.map((part) => wordTerms(part.bytes).join(` ${sign} `) || '0');
  const isPlain = chunks.every(({ guard }) => guard === '');
  const sum = isPlain
    ? `h = ${terms.join(` ${sign} `) || '0'};`
    : `h = 0; ${parts.map((p, i) => guarded(p, `h ${sign}= ${terms[i]};`)).join(' ')}`;
  const whole = withPayload ? `${sum} h += payloadSum(p); ${fold}` : `${sum} ${foldWord}`;
  const statements = algorithm === 'csum16' ? `${whole} h = ~h & 65535;` : sum;
  return { statements, value: numberValue('h', 0, 65535) };
}

const crcs: Partial<
  Record<HashAlgorithm, { start: string; step(byte: string): string; end: string }>
> = {
  crc16: {
    start: 'h = 0;',
    step: (byte) => `h = crc16Table[(h ^ ${byte}) & 255] ^ (h >>> 8);`,
    end: '',
  },
  crc32: {
    start: 'h = -1;',
    step: (byte) => `h = crc32Table[(h ^ ${byte}) & 255] ^ (h >>> 8);`,
    end: 'h = ~h >>> 0;',
  },
  crcCCITT: {
    start: 'h = 65535;',
    step: (byte) => `h = crcCcittTable[((h >>> 8) ^ ${byte}) & 255] ^ ((h << 8) & 65535);`,
    end: '',
  },
};

/** The first eight bytes, as the reference target's identity hash takes them. */
function emitIdentity(chunks: Chunk[]): Hash | undefined {
  const [only] = chunks;
  if (!only || chunks.length > 1 || only.guard !== '') return undefined;
  const bytes = concatenatedBytes(only.values, only.widths).slice(0, 8);
  const word = (part: string[]): string =>
    `(${part.map((byte, i) => `(${byte} << ${8 * (part.length - 1 - i)})`).join(' | ')})`;
  const words = [word(bytes.slice(-4))];
  if (bytes.length > 4) words.unshift(word(bytes.slice(0, -4)));
  return { statements: '', value: narrow(wordsValue(words, 8 * bytes.length)) };
}

const overBuffer: Partial<Record<HashAlgorithm, string>> = {
  crc16: 'crc16Of',
  crc32: 'crc32Of',
  crcCCITT: 'crcCcittOf',
  csum16: 'csum16Of',
  xor16: 'xor16Of',
};

/** Inputs are gathered in `H`, and hashed there. */
function emitOverBuffer(emitter: Emitter, calculation: Calculation, chunks: Chunk[]): Hash {
  const { algorithm, withPayload } = calculation;
  const stores = chunks.map((chunk) => {
    if (chunk.varbit !== undefined) {
      const source = varbitSource(emitter.layout, chunk.varbit);
      return guarded(chunk, `q += copyVarbit(H, q, ${source});`);
    }
    const bytes = concatenatedBytes(chunk.values, chunk.widths);
    return guarded(chunk, bytes.map((byte) => `H[q++] = ${byte};`).join(' '));
  });
  if (withPayload) stores.push('q = appendPayload(p, q);');
  const gather = `let q = 0; ${stores.join(' ')}`;
  const direct = overBuffer[algorithm];
  if (direct !== undefined) {
    const value = numberValue('h', 0, 2 ** results[algorithm]! - 1);
    return { statements: `{ ${gather} h = ${direct}(H, q); }`, value };
  }
  const at = emitter.scratch.words(2);
  const call = algorithm === 'xxh64' ? 'xxh64Into' : 'identityInto';
  return {
    statements: `{ ${gather} ${call}(H, q, L, ${at}); }`,
    value: { ...wordsValue([`L[${at}]`, `L[${at + 1}]`], 64), at },
  };
}

/** 16-bit words of bytes, as code. */
function wordTerms(bytes: readonly string[]): string[] {
  const words: string[] = [];
  for (let i = 0; i < bytes.length; i += 2) {
    const low = i + 1 < bytes.length ? ` + ${bytes[i + 1]}` : '';
    words.push(`((${bytes[i]} << 8)${low})`);
  }
  return words;
}

const fold = 'h = (h & 65535) + Math.floor(h / 65536); h = (h & 65535) + (h >>> 16);';
/** As above, for a sum below 2^32. */
const foldWord = 'h = (h & 65535) + (h >>> 16); h = (h & 65535) + (h >>> 16);';

/** Statement that leaves the sum over a header's words in `h`, without the 16 bits at `skip`. */
function headerSum(array: string, base: string, byteLength: number, skip: number): string {
  const bytes: string[] = [];
  for (let i = 0; i < byteLength; i++) {
    if (i !== skip && i !== skip + 1) bytes.push(`${array}[${base} + ${i}]`);
  }
  return `h = ${wordTerms(bytes).join(' + ') || '0'};`;
}

/**
 * Checks one checksum after parsing; sets standard_metadata.checksum_error.
 * @param sum the variable that keeps the sum over the header's words
 */
export function emitVerify(emitter: Emitter, checksum: Checksum, sum?: string): string {
  const { layout, program } = emitter;
  const code = asCondition(emitter.value(checksum.condition));
  const failed = `${layout.intrinsic('checksum_error').names[0]} = 1;`;
  const { header, field } = checksum.target;
  if (isOverWholeHeader(program, checksum.target, checksum.calculation)) {
    const { byteLength, fields } = program.headers[header]!;
    const at = fields[field]!.bitOffset / 8;
    return `if (${code}) {
      const b = s + I[${layout.offsetSlot(header)}];
      ${headerSum('B', 'b', byteLength, at)} ${sum === undefined ? '' : `${sum} = h;`} ${foldWord}
      if ((~h & 65535) !== ((B[b + ${at}] << 8) | B[b + ${at + 1}])) ${failed}
    }`;
  }
  const hash = emitHash(emitter, program.calculations[checksum.calculation]!);
  const wanted = emitLow(hash.value, emitter.widthOf(checksum.target), emitter.scratch);
  const have = layout.read(checksum.target);
  const isWrong = asCondition(emitComparison('!==', wanted, have, emitter.scratch));
  return `if (${code}) { ${hash.statements} if (${isWrong}) ${failed} }`;
}

/** Computes a checksum from fields before headers are written; '' when taken over bytes. */
export function emitUpdate(emitter: Emitter, checksum: Checksum): string {
  const { program } = emitter;
  if (isOverWholeHeader(program, checksum.target, checksum.calculation)) return '';
  const code = asCondition(emitter.value(checksum.condition));
  const hash = emitHash(emitter, program.calculations[checksum.calculation]!);
  return `if (${code}) { ${hash.statements} ${emitter.assign(checksum.target, hash.value)} }`;
}

/**
 * Computes a checksum over its own header's bytes, once they are written.
 * @param sum the variable that has followed the sum over them; negative when it was never taken
 */
export function emitUpdateOverBytes(
  emitter: Emitter,
  checksum: Checksum,
  array: string,
  sum?: string,
): string {
  const { layout, program } = emitter;
  if (!isOverWholeHeader(program, checksum.target, checksum.calculation)) return '';
  const { header, field } = checksum.target;
  const { byteLength, fields } = program.headers[header]!;
  const at = fields[field]!.bitOffset / 8;
  const code = asCondition(emitter.value(checksum.condition));
  const offset = `I[${layout.offsetSlot(header)}]`;
  const whole = headerSum(array, 'b', byteLength, at);
  return `if (${code}) {
    const b = ${array === 'B' ? `s + ${offset}` : offset};
    ${sum === undefined ? whole : `if (${sum} >= 0) h = ${sum}; else ${whole}`} ${foldWord}
    h = ~h & 65535; ${array}[b + ${at}] = h >>> 8; ${array}[b + ${at + 1}] = h & 255;
  }`;
}
