/** A port whose packets are written to two pcap files, one for each direction. */
import { join } from 'node:path';
import { CaptureFile, type PacketPool } from '../packet/index.js';
import type { PortListener, WireCounters, WirePort } from './wirePort.js';

/** Where and how to record. */
export interface Recording {
  folder: string;
  /** Time of a packet, ns after `originSeconds` of the epoch. */
  nowNs: () => number;
  originSeconds: number;
  /** Told once for each file that can be written no more; packets go on. */
  onFailure: (error: Error) => void;
}

/** Passes everything on to the port it was made with. */
export class RecordedPort implements WirePort {
  readonly #in: CaptureFile;
  readonly #out: CaptureFile;

  /** Makes `<name>_in.pcap` and `<name>_out.pcap`; throws STORE when it cannot. */
  constructor(
    private readonly port: WirePort,
    private readonly pool: PacketPool,
    private readonly recording: Recording,
  ) {
    const { folder, originSeconds, onFailure } = recording;
    const base = join(folder, port.name);
    this.#in = CaptureFile.create(`${base}_in.pcap`, originSeconds, onFailure);
    try {
      this.#out = CaptureFile.create(`${base}_out.pcap`, originSeconds, onFailure);
    } catch (error) {
      this.#in.close();
      throw error;
    }
  }

  get name(): string {
    return this.port.name;
  }

  get counters(): WireCounters {
    return this.port.counters;
  }

  start(listener: PortListener): void {
    this.port.start({
      packet: (packet) => {
        this.#record(this.#in, packet);
        listener.packet(packet);
      },
      idle: () => listener.idle(),
      state: (isUp) => listener.state(isUp),
    });
  }

  pause(): void {
    this.port.pause();
  }

  transmit(packet: number): void {
    this.pool.materialize(packet, this.pool.wireLength[packet]!);
    this.#record(this.#out, packet);
    this.port.transmit(packet);
  }

  flush(): void {
    this.port.flush();
  }

  /** Puts what was recorded into the files. */
  save(): void {
    this.#in.flush();
    this.#out.flush();
  }

  close(): void {
    this.#in.close();
    this.#out.close();
    this.port.close();
  }

  #record(file: CaptureFile, packet: number): void {
    const { bytes, start, headLength } = this.pool;
    file.append(this.recording.nowNs(), bytes, start[packet]!, headLength[packet]!);
  }
}
