/** Where mirrored copies arrive: counted, unwrapped, handed on as what entered where. */
import { decapsulateErspan } from '../packet/index.js';
import type { Topology } from '../topology/index.js';
import { deviceByLoopback, sessionOf } from './plan.js';

/** A frame as it entered production. The bytes are a view. */
export interface EnteredFrame {
  device: string;
  port: number;
  rule: number;
  frame: Uint8Array;
  wireLength: number;
  timeNs: number;
}

/** Counts of one rule. */
export interface CopyCounts {
  packets: number;
  bytes: number;
}

/** Collects ERSPAN. */
export class MirrorCollector {
  /** Packets that were no ERSPAN, or from an unknown switch or session. */
  strangers = 0;
  readonly #devices: Map<number, string>;
  readonly #copies: CopyCounts[];

  constructor(
    topology: Topology,
    rules: number,
    private readonly deliver: (entered: EnteredFrame) => void,
  ) {
    this.#devices = deviceByLoopback(topology);
    this.#copies = Array.from({ length: rules }, () => ({ packets: 0, bytes: 0 }));
  }

  /** Copies seen so far, by rule. */
  get copies(): readonly CopyCounts[] {
    return this.#copies;
  }

  /** Takes one packet as it came from the mirror port. */
  take(packet: Uint8Array, wireLength: number, timeNs: number): void {
    const mirrored = decapsulateErspan(packet, wireLength);
    const isCopy = typeof mirrored !== 'string';
    const device = isCopy ? this.#devices.get(mirrored.source) : undefined;
    const rule = isCopy ? mirrored.sessionId - sessionOf(0) : -1;
    const counts = this.#copies[rule];
    if (!isCopy || device === undefined || !counts) {
      this.strangers++;
      return;
    }
    counts.packets++;
    counts.bytes += mirrored.wireLength;
    const { index: port, frame } = mirrored;
    this.deliver({ device, port, rule, frame, wireLength: mirrored.wireLength, timeNs });
  }
}
