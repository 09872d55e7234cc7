/** PacketIn and PacketOut metadata as the bits of the header that the program sees. */
import {
  bigintOf,
  bytesOfBigint,
  Code,
  padded,
  StatusError,
  type PacketMetadataSchema,
} from '../p4runtime/index.js';
import type { PacketMetadata } from '../proto/index.js';

/** Bytes of the header. */
export function headerLength(schema: PacketMetadataSchema): number {
  return schema.fields.reduce((bits, field) => bits + field.bitWidth, 0) / 8;
}

/** The header of a PacketOut. Throws INVALID_ARGUMENT unless its metadata is that of P4Info. */
export function encodeHeader(
  schema: PacketMetadataSchema,
  metadata: readonly PacketMetadata[],
): Uint8Array {
  let bits = 0n;
  for (const { id, name, bitWidth } of schema.fields) {
    const given = metadata.find((m) => m.metadataId === id);
    if (!given) throw invalid(`packet_out.${name} is missing`);
    const value = bigintOf(padded(given.value, bitWidth, `packet_out.${name}`));
    bits = (bits << BigInt(bitWidth)) | value;
  }
  if (metadata.length !== schema.fields.length) {
    throw invalid(`${metadata.length} of ${schema.fields.length} packet_out fields`);
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

function invalid(message: string): StatusError {
  return new StatusError(Code.INVALID_ARGUMENT, message);
}
