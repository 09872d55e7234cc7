/**
 * Runs a test on an embedded switch of its own, in virtual time: packets arrive a millisecond
 * apart, `wait` lets a second pass, and whatever still waits at the end has a minute to come out.
 */
import { UmbraError } from '../base/errors.js';
import type { Program } from '../bmv2/index.js';
import { NO_PACKET, PacketPool, wirePool } from '../packet/index.js';
import { V1Switch } from '../v1model/index.js';
import { StfControl } from './control.js';
import { comparePackets, type ExpectedPacket, type SentPacket } from './result.js';
import type { StfFailure, StfReading, StfResult } from './result.js';
import type { Statement, StfTest } from './statement.js';

const PACKET_GAP_NS = 1e6;
const WAIT_NS = 1e9;
const LAST_WAIT_NS = 60e9;

/** How a test is run. */
export interface StfOptions {
  /** Seed of the program's random numbers. */
  seed: number;
}

/**
 * Carries out every statement, then compares the packets. Throws INVALID_FILE with the line when
 * a statement does not fit the program.
 */
export function runStf(program: Program, test: StfTest, options: StfOptions): StfResult {
  return new StfRun(program, test, options).run();
}

/** One run of one test. */
class StfRun {
  readonly #pool = new PacketPool(wirePool);
  readonly #v1: V1Switch;
  readonly #control: StfControl;
  readonly #sent: SentPacket[] = [];
  readonly #expected: ExpectedPacket[] = [];
  readonly #failures: StfFailure[] = [];
  readonly #readings: StfReading[] = [];
  #nowNs = 0;
  #wakeAtNs = Infinity;
  #packets = 0;
  /** Line of the last packet statement, and how many packets had left before it. */
  #last = { line: 0, sentBefore: 0 };

  constructor(
    program: Program,
    private readonly test: StfTest,
    options: StfOptions,
  ) {
    this.#v1 = new V1Switch(program, {
      pool: this.#pool,
      seed: options.seed,
      attachment: {
        transmit: (port, packet) => this.#transmit(port, packet),
        wakeAt: (timeNs) => (this.#wakeAtNs = timeNs),
      },
    });
    this.#control = new StfControl(program, this.#v1);
  }

  run(): StfResult {
    for (const { line, statement } of this.test.lines) {
      try {
        this.#carryOut(statement, line);
      } catch (error) {
        if (!(error instanceof UmbraError)) throw error;
        const place = `${this.test.file}:${line}`;
        throw new UmbraError('INVALID_FILE', `${place}: ${error.message}`, { cause: error });
      }
    }
    this.#advance(LAST_WAIT_NS);
    const failures = [...this.#failures, ...comparePackets(this.#expected, this.#sent)];
    return {
      file: this.test.file,
      passed: failures.length === 0,
      sent: this.#packets,
      received: this.#sent.length,
      failures: failures.sort((a, b) => a.line - b.line),
      readings: this.#readings,
    };
  }

  #carryOut(statement: Statement, line: number): void {
    switch (statement.kind) {
      case 'packet':
        this.#last = { line, sentBefore: this.#sent.length };
        this.#receive(statement.port, statement.bytes);
        return;
      case 'expect':
        this.#expected.push({ line, port: statement.port, pattern: statement.pattern });
        return;
      case 'wait':
        this.#advance(WAIT_NS);
        return;
      case 'no_packet':
        this.#checkNoPacket(line);
        return;
      default: {
        const { failure, reading } = this.#control.carryOut(statement);
        if (failure !== undefined) this.#failures.push({ line, message: failure });
        if (reading !== undefined) this.#readings.push({ line, text: reading });
      }
    }
  }

  /** What was sent last must have come out nowhere until now. */
  #checkNoPacket(line: number): void {
    for (const { port, digits } of this.#sent.slice(this.#last.sentBefore)) {
      const message = `a packet on port ${port}, although none was expected here: ${digits}`;
      this.#failures.push({ line, message });
    }
  }

  #receive(port: number, bytes: Uint8Array): void {
    this.#advance(PACKET_GAP_NS);
    const packet = this.#pool.allocFrom(bytes);
    if (packet === NO_PACKET) {
      const room = wirePool.slotBytes - wirePool.headroom;
      throw new UmbraError('LIMIT', `a packet of ${bytes.length} bytes, at most ${room} fit`);
    }
    this.#packets++;
    this.#v1.receive(port, packet, this.#nowNs);
  }

  /** Lets time pass, and what waits in the switch go when it is due. */
  #advance(durationNs: number): void {
    const untilNs = this.#nowNs + durationNs;
    while (this.#wakeAtNs <= untilNs) {
      this.#nowNs = this.#wakeAtNs;
      this.#wakeAtNs = Infinity;
      this.#v1.wake(this.#nowNs);
    }
    this.#nowNs = untilNs;
  }

  #transmit(port: number, packet: number): void {
    this.#pool.materialize(packet, this.#pool.wireLength[packet]!);
    const digits = Buffer.from(this.#pool.view(packet)).toString('hex');
    this.#pool.free(packet);
    this.#sent.push({ port, digits, causeLine: this.#last.line });
  }
}
