/** PacketIn and PacketOut metadata as the bits of the header that the program sees. */
import { bigintOf, bytesOfBigint, padded, type PacketMetadataSchema } from '../p4runtime/index.js';
import type { PacketMetadata } from '../proto/index.js';

/** Bytes of the header. */
export function headerLength(schema: PacketMetadataSchema): number {
  return schema.fields.reduce((bits, field) => bits + field.bitWidth, 0) / 8;
}

/** The header of a PacketOut; undefined when its metadata is not exactly that of P4Info. */
export function encodeHeader(
  schema: PacketMetadataSchema,
  metadata: readonly PacketMetadata[],
): Uint8Array | undefined {
  if (metadata.length !== schema.fields.length) return undefined;
  let bits = 0n;
  for (const field of schema.fields) {
    const given = metadata.find((m) => m.metadataId === field.id);
    if (!given || given.value.length === 0) return undefined;
    const value = bigintOf(given.value);
    if (value >> BigInt(field.bitWidth) !== 0n) return undefined;
    bits = (bits << BigInt(field.bitWidth)) | value;
  }
  const length = headerLength(schema);
  return length === 0 ? new Uint8Array(0) : padded(bytesOfBigint(bits), length * 8, 'packet_out');
}

/** The metadata of a PacketIn from the header that the program emitted. */
export function decodeHeader(schema: PacketMetadataSchema, header: Uint8Array): PacketMetadata[] {
  let rest = bigintOf(header);
  const values: PacketMetadata[] = [];
  for (const field of [...schema.fields].reverse()) {
    const width = BigInt(field.bitWidth);
    values.unshift({
      metadataId: field.id,
      value: bytesOfBigint(rest & ((1n << width) - 1n)),
    });
    rest >>= width;
  }
  return values;
}
