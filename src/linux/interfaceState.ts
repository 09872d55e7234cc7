/** What the kernel says about a network interface, asked through any socket of its namespace. */
import type { Libc } from './libc.js';

const SIOCGIFFLAGS = 0x8913;
const IFREQ_BYTES = 40;
const FLAGS_AT = 16;
const IFF_UP = 1;
const IFF_RUNNING = 0x40;

/** Asks about one interface. */
export class InterfaceState {
  readonly #request = new Uint8Array(IFREQ_BYTES);
  readonly #view = new DataView(this.#request.buffer);
  readonly #name: Uint8Array;

  constructor(
    private readonly libc: Libc,
    private readonly interfaceName: string,
  ) {
    this.#name = new TextEncoder().encode(interfaceName);
  }

  /** The interface's number, which a new one of the same name does not share; 0 when absent. */
  index(): number {
    return this.libc.ifNameToIndex(this.interfaceName);
  }

  /** True when it is set up and has a carrier. */
  isRunning(fd: number): boolean {
    this.#request.fill(0).set(this.#name.subarray(0, FLAGS_AT - 1));
    if (this.libc.ioctl(fd, SIOCGIFFLAGS, this.#request) < 0) return false;
    const wanted = IFF_UP | IFF_RUNNING;
    return (this.#view.getUint16(FLAGS_AT, true) & wanted) === wanted;
  }
}
