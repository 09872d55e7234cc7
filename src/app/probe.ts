/** Looking into a switch that runs in this process: packets step by step, drops by reason. */
import { UmbraError } from '../base/errors.js';
import type { EmbeddedSwitch } from '../switch/index.js';
import type { PacketTrace } from '../v1model/index.js';

/** Which packets to watch. */
export interface TraceRequest {
  /** How many packets. */
  packets: number;
  /** Only those that came in at this port. */
  port?: number;
  /** Ends the wait, ms; what came until then is the answer. */
  timeoutMs: number;
}

/** Watchers of one switch at a time. */
const WATCHER_LIMIT = 8;

/** One switch's inside. */
export class SwitchProbe {
  readonly #watchers = new Set<(trace: PacketTrace) => void>();

  constructor(private readonly device: EmbeddedSwitch) {}

  /** Packets that did not leave, by reason; all reasons are listed. */
  drops(): Record<string, number> {
    return this.device.drops;
  }

  /** The next packets' traces. Throws LIMIT when too many watch already. */
  async trace({ packets, port, timeoutMs }: TraceRequest): Promise<PacketTrace[]> {
    if (this.#watchers.size >= WATCHER_LIMIT) {
      throw new UmbraError('LIMIT', `${WATCHER_LIMIT} traces of this switch are under way`);
    }
    const traces: PacketTrace[] = [];
    let watcher: (trace: PacketTrace) => void;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
      watcher = (trace) => {
        const [first] = trace.steps;
        if (port !== undefined && (first?.kind !== 'in' || first.port !== port)) return;
        if (traces.length < packets) traces.push(trace);
        if (traces.length === packets) resolve();
      };
      this.#watch(watcher);
    });
    clearTimeout(timer);
    this.#watchers.delete(watcher!);
    if (this.#watchers.size === 0) this.device.trace(undefined);
    return traces;
  }

  #watch(watcher: (trace: PacketTrace) => void): void {
    this.#watchers.add(watcher);
    if (this.#watchers.size > 1) return;
    this.device.trace((trace) => {
      for (const each of this.#watchers) each(trace);
    });
  }
}
