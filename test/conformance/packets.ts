/** Probes: packets that the programs of this folder send through one object and back. */
import type { Schema } from '../../src/p4runtime/index.js';
import { bigintOf, bytesOfBigint } from '../../src/p4runtime/index.js';
import type { PacketIn, PacketOut } from '../../src/proto/index.js';

/** Values of `packet_out.path` in the programs; `reflect` comes back whatever the tables say. */
export const paths = {
  exact: 1,
  lpm: 2,
  ternary: 3,
  optional: 4,
  const: 5,
  initial: 6,
  keyless: 7,
  profile: 8,
  selector: 9,
  timeout: 10,
  small: 11,
  wide: 12,
  indexed: 13,
  digest: 14,
  fixed: 15,
  pair: 16,
  range: 1,
  valueSet: 2,
  reflect: 127,
} as const;

export type PathName = keyof typeof paths;

/** The fields of a probe; 0 where they are left out. */
export interface Probe {
  a?: number;
  b?: number;
  c?: number;
  d?: number;
  /** Bytes behind the header. */
  payload?: number;
}

/** A probe as it came back. */
export interface Seen {
  /** Where it would have left; 511 when it was dropped. */
  port: number;
  colour: number;
  /** Of the replica, when it is a copy. */
  instance: number;
  /** standard_metadata.instance_type: 1 for a clone, 5 for a multicast copy. */
  kind: number;
  b: number;
  mark: number;
  /** Bytes behind the PacketIn's header, the probe's header included. */
  length: number;
  /** `marker` when it came by the path that reflects. */
  path: 'marker' | 'other';
}

const PROBE_BYTES = 15;
const MARKER_PORT = 77;

/** The PacketOut of a probe. */
export function probeBytes(schema: Schema, path: number, probe: Probe): PacketOut {
  const payload = new Uint8Array(PROBE_BYTES + (probe.payload ?? 0));
  const view = new DataView(payload.buffer);
  view.setUint32(0, probe.a ?? 0);
  view.setUint32(4, probe.b ?? 0);
  view.setUint16(8, probe.c ?? 0);
  view.setUint8(10, probe.d ?? 0);
  const values: Record<string, number> = { port: MARKER_PORT, path };
  const metadata = schema.packetOut.fields.map(({ id, name }) => ({
    metadataId: id,
    value: bytesOfBigint(BigInt(values[name] ?? 0)),
  }));
  return { payload, metadata };
}

/** What a PacketIn says about its probe. */
export function readPacketIn(schema: Schema, { payload, metadata }: PacketIn): Seen {
  const field = (name: string): number => {
    const id = schema.packetIn.fields.find((f) => f.name === name)?.id;
    const found = metadata.find((m) => m.metadataId === id);
    return Number(bigintOf(found?.value ?? Uint8Array.of(0)));
  };
  const bytes = Uint8Array.from(payload);
  const view = new DataView(bytes.buffer);
  const word = (at: number): number => (bytes.length >= at + 4 ? view.getUint32(at) : 0);
  return {
    port: field('port'),
    colour: field('colour'),
    instance: field('instance'),
    kind: field('kind'),
    b: word(4),
    mark: word(11),
    length: bytes.length,
    path: field('port') === MARKER_PORT && field('kind') === 0 ? 'marker' : 'other',
  };
}
