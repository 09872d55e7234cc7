/** Digests: field values of a packet, sent to whoever listens. */
import type { Expression, Program } from '../bmv2/index.js';
import type { DigestMessage } from './control.js';
import type { Layout } from './emit/layout.js';
import { bytesOf, bytesOfNumber } from './words.js';

/** A function that sends the digests whose bits are set, from the fields' present values. */
export function digestSender(
  program: Program,
  layout: Layout,
  ints: Int32Array,
  doubles: Float64Array,
  send: (message: DigestMessage) => void,
): (bits: number) => void {
  const fieldBytes = (field: Expression, width: number): Uint8Array => {
    const storage = field.kind === 'field' ? layout.storage(field.ref) : undefined;
    if (!storage) return new Uint8Array(Math.ceil(width / 8));
    if (storage.array === 'D') return bytesOfNumber(doubles[storage.slot]!, width);
    return bytesOf(ints, storage.slot, width);
  };
  return (bits) => {
    program.digests.forEach((digest, i) => {
      if ((bits & (2 ** i)) === 0) return;
      const values = digest.fields.map((field, j) => fieldBytes(field, digest.widths[j]!));
      send({ name: digest.name, values });
    });
  };
}
