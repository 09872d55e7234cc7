/**
 * Kills campaign controllers with SIGKILL at moments drawn from a seed, and looks at what each left
 * on the switches, of the packets, and in the journal.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { watch } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Prng } from '../../src/base/prng.js';
import { unrecordedEntries } from './campaignJournal.js';
import { LEASE_MS } from './killedPlan.js';
import { NumberedStream } from './numberedStream.js';
import type { PlacedEntry, WireNetwork } from './wireNetwork.js';

const program = fileURLToPath(new URL('./campaignController.js', import.meta.url));

/** What a fault may act after its controller's death, ms. */
export const BOUND_MS = LEASE_MS + 1000;
/** A machine that is busy with other things. */
const PATIENCE_MS = 30_000;
const PROBE_MS = 20;

/** A controller process and what it has said. */
export class ControllerProcess {
  readonly child: ChildProcess;
  /** Status or signal of its end. */
  readonly ended: Promise<number | string>;
  readonly said: string[] = [];
  errors = '';
  readonly #voice = new EventEmitter();

  /** @param fileKiB what its files may grow to, as a full disk */
  constructor(network: WireNetwork, folder: string, campaign: string, fileKiB?: number) {
    const args = [program, JSON.stringify(network.addresses), folder, campaign];
    const limited = ['-c', `ulimit -f ${fileKiB}; exec "$0" "$@"`, process.execPath, ...args];
    this.child =
      fileKiB === undefined ? spawn(process.execPath, args) : spawn('bash', limited);
    this.child.stderr!.on('data', (part: Buffer) => (this.errors += part.toString()));
    // A dead one takes no more lines.
    this.child.stdin!.on('error', () => {});
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      this.said.push(line);
      this.#voice.emit('line');
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => {
      this.#voice.emit('line');
      return (code as number | null) ?? (signal as string);
    });
  }

  /** Waits until it has said this, or has ended; true when it has said it. */
  async hears(line: string): Promise<boolean> {
    let isOver = false;
    const over = this.ended.then(() => (isOver = true));
    while (!this.said.includes(line) && !isOver) {
      await Promise.race([once(this.#voice, 'line'), over]);
    }
    return this.said.includes(line);
  }

  /** Lets it begin its campaign. */
  begin(): void {
    this.child.stdin!.write('begin\n');
  }
}

/** What deaths have shown. */
export interface DeathFigures {
  kills: number;
  /** By when they came. */
  moments: Record<string, number>;
  campaigns: number;
  /** Longest time that a fault acted after a death: in all, and when nobody took over. */
  longestMs: number;
  longestAloneMs: number;
  /** Deaths at which the switches held entries of faults. */
  withFaults: number;
}

/** What a controller is at when it dies; each comes in turn, at a time drawn at random. */
const moments = ['acting', 'starting', 'writing', 'recovering', 'running'] as const;

/** One network and the controllers that die on it. */
export class Killer {
  readonly figures: DeathFigures = {
    kills: 0,
    moments: {},
    campaigns: 0,
    longestMs: 0,
    longestAloneMs: 0,
    withFaults: 0,
  };
  readonly problems: string[] = [];
  readonly #prng: Prng;
  readonly #probe: NumberedStream;
  /** From its start to `recovered`, of the controller before. */
  #startMs = 500;
  /** Death of the last controller that could have made faults. */
  #diedMs: number | undefined;

  private constructor(
    private readonly network: WireNetwork,
    private readonly folder: string,
    seed: number,
    probe: NumberedStream,
  ) {
    this.#prng = new Prng(seed);
    this.#probe = probe;
  }

  static async open(network: WireNetwork, folder: string, seed: number): Promise<Killer> {
    const probe = await NumberedStream.open(network.addresses, ['a', 'b'], PROBE_MS);
    return new Killer(network, folder, seed, probe);
  }

  /** Name of the campaign that is under way. */
  get campaign(): string {
    return `campaign-${this.figures.campaigns + 1}`;
  }

  close(): void {
    this.#probe.close();
  }

  /** Kills so many controllers, then lets the campaign end. */
  async run(kills: number): Promise<void> {
    while (this.figures.kills < kills) await this.#life(true);
    while (!(await this.#life(false)));
    await this.#requirePassing('at the end');
    const left = await this.network.faultEntries();
    if (left.length > 0) this.#wrong('left at the end', left);
  }

  /** One controller; true when it came to the end of its campaign. */
  async #life(isToDie: boolean): Promise<boolean> {
    const { figures } = this;
    const moment = isToDie ? moments[figures.kills % moments.length]! : 'never';
    const running = new ControllerProcess(this.network, this.folder, this.campaign);
    const accompanied = this.#accompany(running);
    const come = this.#until(moment, running, accompanied);
    const isAlive = await Promise.race([come.then(() => true), running.ended.then(() => false)]);
    if (isAlive) running.child.kill('SIGKILL');
    const diedMs = performance.now();
    const how = await running.ended;
    const hasBegun = await accompanied;
    if (how !== 'SIGKILL') {
      if (how !== 0) this.problems.push(`${this.campaign} ended with ${how}: ${running.errors}`);
      figures.campaigns++;
      return true;
    }
    figures.kills++;
    figures.moments[moment] = (figures.moments[moment] ?? 0) + 1;
    if (hasBegun) this.#diedMs = diedMs;
    const entries = await this.network.faultEntries();
    if (entries.length > 0) figures.withFaults++;
    const unrecorded = unrecordedEntries(this.folder, entries);
    if (unrecorded.length > 0) this.#wrong(`killed ${moment}, on no record`, unrecorded);
    await this.#wait();
    return false;
  }

  /** Every other time the lease runs out before anybody takes over. */
  async #wait(): Promise<void> {
    if (this.#diedMs === undefined || this.figures.kills % 2 === 0) {
      await sleep(this.#prng.below(300));
      return;
    }
    const until = this.#diedMs + BOUND_MS;
    await sleep(Math.max(0, until - performance.now()) + 2 * PROBE_MS);
    await this.#judged(until);
    const ageMs = this.#ageMs(performance.now());
    this.figures.longestAloneMs = Math.max(this.figures.longestAloneMs, ageMs);
  }

  /** What is there once it has recovered; true when it was told to begin. */
  async #accompany(running: ControllerProcess): Promise<boolean> {
    const began = performance.now();
    if (!(await running.hears('recovered'))) return false;
    this.#startMs = performance.now() - began;
    await this.#requirePassing('after a recovery');
    if (this.#diedMs !== undefined) {
      const ageMs = this.#ageMs(performance.now());
      this.figures.longestMs = Math.max(this.figures.longestMs, ageMs);
      if (ageMs > BOUND_MS) this.problems.push(`a fault acted ${ageMs} ms after a death`);
    }
    const left = await this.network.faultEntries();
    if (left.length > 0) this.#wrong('left by a recovery', left);
    this.#diedMs = undefined;
    running.begin();
    return true;
  }

  /** How long after the death the last probe was lost that was sent until `toMs`. */
  #ageMs(toMs: number): number {
    const diedMs = this.#diedMs!;
    const lost = this.#probe.lastLostMs(diedMs, Math.min(toMs, this.#probe.judgedMs));
    return (lost ?? diedMs) - diedMs;
  }

  async #until(
    moment: (typeof moments)[number] | 'never',
    running: ControllerProcess,
    accompanied: Promise<boolean>,
  ): Promise<void> {
    const share = this.#prng.unit();
    const writes = 1 + this.#prng.below(20);
    switch (moment) {
      case 'starting':
        return sleep(share * this.#startMs);
      case 'recovering':
        await running.hears('recovering');
        return sleep(share * 30);
      case 'acting':
        if (await accompanied) await this.#hit(running.ended);
        return sleep(share * 200);
      case 'writing':
        if (await accompanied) await this.#written(writes, running.ended);
        return sleep(share * 8);
      case 'running':
        await accompanied;
        return sleep(share * 3000);
      case 'never':
        return new Promise(() => {});
    }
  }

  /** Waits until a fault takes packets away. */
  async #hit(ended: Promise<unknown>): Promise<void> {
    let isOver = false;
    void ended.then(() => (isOver = true));
    while (!isOver && performance.now() - this.#probe.judgedMs < 5 * PROBE_MS) await sleep(5);
  }

  /** Waits until the journal has been written to so many times. */
  async #written(times: number, ended: Promise<unknown>): Promise<void> {
    const watcher = watch(join(this.folder, 'journal.jsonl'));
    let seen = 0;
    const done = new Promise<void>((resolve) => {
      watcher.on('change', () => void (++seen === times && resolve()));
    });
    await Promise.race([done, ended]);
    watcher.close();
  }

  /** Waits until the fate of what was sent before `ms` is known: something later has arrived. */
  async #judged(ms: number): Promise<boolean> {
    const end = performance.now() + PATIENCE_MS;
    while (this.#probe.judgedMs <= ms && performance.now() < end) await sleep(5);
    return this.#probe.judgedMs > ms;
  }

  #wrong(what: string, entries: readonly PlacedEntry[]): void {
    const places = entries.map(({ device, table }) => `${device} ${table}`);
    this.problems.push(`${what}: ${places.join(', ')}`);
  }

  async #requirePassing(when: string): Promise<void> {
    if (!(await this.#judged(performance.now()))) this.problems.push(`${when}: no packet passes`);
  }
}
