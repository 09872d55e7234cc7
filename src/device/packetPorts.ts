/** Where a program's controller headers name a port: found by name and width, in any program. */
import type { PacketMetadataSchema } from '../p4runtime/index.js';

/** A field of a controller header. */
export type PortField = PacketMetadataSchema['fields'][number];

const names = {
  egress: /egress|out(put)?_?port|^port$/i,
  ingress: /ingress|in(put)?_?port|^port$/i,
} as const;
/** v1model's ports have 9 bits, translated ones up to 32. */
const LEAST_BITS = 7;
const MOST_BITS = 32;

/** The field with the port; undefined when the header has none, or two that could be it. */
export function portField(
  header: PacketMetadataSchema,
  direction: keyof typeof names,
): PortField | undefined {
  const found = header.fields.filter(
    ({ name, bitWidth }) =>
      names[direction].test(name) && bitWidth >= LEAST_BITS && bitWidth <= MOST_BITS,
  );
  return found.length === 1 ? found[0] : undefined;
}
