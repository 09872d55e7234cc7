/**
 * Captures in the place of interfaces: port X@NAME reads NAME_in.pcap and writes NAME_out.pcap.
 *
 * The clock is the captures' own. Packets of all files go in by their timestamps, one after the
 * other without waiting between them, and the switch's time is that of the packet; waits inside the
 * switch end in that time too. So the same program, entries, captures and seed give the same bytes.
 */
import { UmbraError } from '../base/errors.js';
import {
  CaptureFile,
  NO_PACKET,
  readCapture,
  readCaptureBytes,
  type CapturedPacket,
  type PacketPool,
} from '../packet/index.js';
import type { EmbeddedSwitch } from '../switch/index.js';
import type { DataPlane } from './dataPlane.js';
import type { SwitchLog } from './switchLog.js';

/** Packets between two turns of the event loop, in which the controller is heard. */
const PACKETS_PER_TURN = 2048;
/** How long after the last packet the switch's own time may still run, ns. */
const LAST_WAIT_NS = 60e9;

/** A port of files. */
export interface FilePort {
  port: number;
  /** The part of the file names before `_in.pcap` and `_out.pcap`. */
  name: string;
}

/** What to run on. */
export interface FilePlaneOptions {
  pool: PacketPool;
  ports: readonly FilePort[];
  /** How long to wait before the first packet, so that a controller can write entries, s. */
  waitSeconds: number;
  log: SwitchLog;
}

interface Source {
  port: number;
  packets: Iterator<CapturedPacket>;
  next: CapturedPacket | undefined;
  received: number;
}

/** Reads captures in, writes captures out. */
export class FilePlane implements DataPlane {
  readonly epochNs: number;
  readonly #sources: Source[];
  readonly #outputs = new Map<number, CaptureFile>();
  readonly #sent = new Map<number, number>();
  readonly #names: ReadonlyMap<number, string>;
  #device: EmbeddedSwitch | undefined;
  #nowNs = 0;
  #wakeNs = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #beganMs = 0;
  #dropped = 0;

  /** Reads the captures and makes the output files; throws what those do. */
  constructor(private readonly options: FilePlaneOptions) {
    const { ports, log } = options;
    const captures = ports.map(({ port, name }) => {
      const file = `${name}_in.pcap`;
      return { port, file, bytes: readCaptureBytes(file) };
    });
    const begins = captures.flatMap(({ bytes, file }) => firstSecond(bytes, file));
    const originSeconds = begins.length === 0 ? 0 : Math.min(...begins);
    this.epochNs = originSeconds * 1e9;
    this.#sources = captures.map(({ port, file, bytes }) => {
      const packets = readCapture(bytes, file, originSeconds)[Symbol.iterator]();
      return { port, packets, next: undefined, received: 0 };
    });
    this.#names = new Map(ports.map(({ port, name }) => [port, name]));
    const onFailure = (error: Error): void => log.error(error.message);
    try {
      for (const { port, name } of ports) {
        const file = CaptureFile.create(`${name}_out.pcap`, originSeconds, onFailure);
        this.#outputs.set(port, file);
        this.#sent.set(port, 0);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  nowNs(): number {
    return this.#nowNs;
  }

  transmit(port: number, packet: number): void {
    const { pool } = this.options;
    const file = this.#outputs.get(port);
    if (file && pool.materialize(packet, pool.wireLength[packet]!)) {
      file.append(this.#nowNs, pool.bytes, pool.start[packet]!, pool.wireLength[packet]!);
      this.#sent.set(port, this.#sent.get(port)! + 1);
    }
    pool.free(packet);
  }

  wakeAt(timeNs: number): void {
    this.#wakeNs = timeNs;
  }

  start(device: EmbeddedSwitch): void {
    this.#device = device;
    this.#timer = setTimeout(() => {
      this.#beganMs = performance.now();
      for (const source of this.#sources) advance(source);
      this.#turn();
    }, this.options.waitSeconds * 1000);
  }

  async drain(): Promise<void> {
    // Nothing is under way between two turns but what waits in a time that no longer passes.
  }

  counters(): string[] {
    return this.#sources.map(({ port, received }) => {
      const sent = this.#sent.get(port) ?? 0;
      return `port ${port} (${this.#names.get(port)}): received ${received} packets, sent ${sent}`;
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate!);
    for (const file of this.#outputs.values()) file.close();
  }

  /** A part of the packets; the rest follows when the event loop has come round. */
  #turn(): void {
    try {
      for (let i = 0; i < PACKETS_PER_TURN; i++) {
        const source = this.#earliest();
        if (!source) {
          this.#finish();
          return;
        }
        this.#receive(source);
      }
      this.#immediate = setImmediate(() => this.#turn());
    } catch (error) {
      if (!(error instanceof UmbraError)) throw error;
      this.options.log.error(error.message);
      this.#finish();
    }
  }

  #earliest(): Source | undefined {
    let best: Source | undefined;
    for (const source of this.#sources) {
      if (source.next && (!best || source.next.timeNs < best.next!.timeNs)) best = source;
    }
    return best;
  }

  #receive(source: Source): void {
    const { timeNs, frame, wireLength } = source.next!;
    this.#passTo(timeNs);
    // A capture out of order does not turn time back.
    this.#nowNs = Math.max(this.#nowNs, timeNs);
    const packet = this.options.pool.allocFrom(frame, wireLength);
    if (packet === NO_PACKET) this.#dropped++;
    else this.#device!.receive(source.port, packet, this.#nowNs);
    source.received++;
    advance(source);
  }

  /** Lets the switch do what it wanted to do until then. */
  #passTo(timeNs: number): void {
    while (this.#wakeNs <= timeNs) {
      this.#nowNs = Math.max(this.#nowNs, this.#wakeNs);
      this.#wakeNs = Infinity;
      this.#device!.wake(this.#nowNs);
    }
  }

  #finish(): void {
    const end = this.#nowNs + LAST_WAIT_NS;
    while ((this.#device!.v1?.held ?? 0) > 0 && this.#wakeNs <= end) this.#passTo(this.#wakeNs);
    for (const file of this.#outputs.values()) file.flush();
    const received = this.#sources.reduce((sum, { received }) => sum + received, 0);
    const sent = [...this.#sent.values()].reduce((sum, count) => sum + count, 0);
    const seconds = (performance.now() - this.#beganMs) / 1000;
    const tooLong = this.#dropped > 0 ? `, ${this.#dropped} too long` : '';
    this.options.log.notice(
      `files: ${received} packets in, ${sent} out${tooLong}, in ${seconds.toFixed(3)} s`,
    );
  }
}

function advance(source: Source): void {
  const { done, value } = source.packets.next() as IteratorResult<CapturedPacket, undefined>;
  source.next = done ? undefined : value;
}

/** The whole second before the capture's first packet; nothing when it is empty. */
function firstSecond(bytes: Uint8Array, file: string): number[] {
  for (const { timeNs } of readCapture(bytes, file, 0)) {
    // Nanoseconds since the epoch are rounded in a number; a microsecond covers that.
    return [Math.max(0, Math.floor((timeNs - 1000) / 1e9))];
  }
  return [];
}
