/**
 * Varbit fields. Their bytes stay in the packet until another varbit is assigned; from then on
 * they are in `V`, and their header is written as a whole. Those of metadata are always in `V`.
 */
import type { FieldRef } from '../../bmv2/index.js';
import { defined } from '../../base/assert.js';
import type { Layout, VarbitPlace } from './layout.js';
import type { Value } from './value.js';

/** The place of a header's varbit, which it must have. */
export function varbitPlace(layout: Layout, header: number): VarbitPlace {
  return defined(layout.varbit(header), 'varbit');
}

/** Code for a varbit's length, array, first byte, and how many bits further it starts there. */
export function varbitSource(layout: Layout, header: number): string {
  const { length, own, at, bitOffset } = varbitPlace(layout, header);
  const size = `I[${length}]`;
  if (layout.program.headers[header]!.isMetadata) return `${size}, V, ${at}, 0`;
  const inPacket = `start[p] + I[${layout.offsetSlot(header)}] + ${Math.floor(bitOffset / 8)}`;
  const shift = bitOffset % 8;
  if (own === undefined) return `${size}, B, ${inPacket}, ${shift}`;
  const choose = (a: string | number, b: string | number): string =>
    a === b ? String(a) : `(I[${own}] !== 0 ? ${a} : ${b})`;
  return `${size}, ${choose('V', 'B')}, ${choose(at, inPacket)}, ${choose(0, shift)}`;
}

/** True when two varbits have the same length and the same bytes. */
export function sameVarbit(layout: Layout, left: FieldRef, right: FieldRef): Value {
  const [a, b] = [left, right].map((ref) => varbitSource(layout, ref.header));
  return { kind: 'boolean', code: `sameVarbit(${a}, ${b})` };
}

/** Statements that give a header the varbit of another one. */
export function copyVarbit(layout: Layout, target: number, source: number): string {
  const { length, own, at } = varbitPlace(layout, target);
  const copy = `I[${length}] = copyVarbit(V, ${at}, ${varbitSource(layout, source)});`;
  if (own === undefined) return copy;
  const dirty = layout.dirtySlot(target);
  const count = Math.min(31, layout.dirtyFields(target).length);
  const whole = dirty === undefined ? '' : `I[${dirty}] = ${2 ** count - 1};`;
  return `${copy} I[${own}] = 1; ${whole}`;
}

/** The functions that code for varbits calls; part of programs that have some. */
export const varbitPrelude = `
function varbitByte(A, at, shift) {
  return shift === 0 ? A[at] : ((A[at] << shift) | (A[at + 1] >>> (8 - shift))) & 255;
}
function copyVarbit(C, to, n, A, at, shift) {
  for (let i = 0; i < n; i++) C[to + i] = varbitByte(A, at + i, shift);
  return n;
}
function sameVarbit(n, A, a, aShift, m, C, c, cShift) {
  if (n !== m) return false;
  for (let i = 0; i < n; i++) {
    if (varbitByte(A, a + i, aShift) !== varbitByte(C, c + i, cShift)) return false;
  }
  return true;
}
function writeVarbit(A, at, shift, n, from) {
  if (shift === 0) {
    for (let i = 0; i < n; i++) A[at + i] = V[from + i];
    return;
  }
  const low = 255 >>> shift;
  for (let i = 0; i < n; i++) {
    A[at + i] = (A[at + i] & ~low) | (V[from + i] >>> shift);
    A[at + i + 1] = (A[at + i + 1] & low) | (V[from + i] << (8 - shift));
  }
}`;
