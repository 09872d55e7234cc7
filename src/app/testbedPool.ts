/**
 * Testbeds on threads, one each, made from one image: a run gives the same bytes on any of them.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { assert } from '../base/assert.js';
import { UmbraError, type ErrorCode } from '../base/errors.js';
import type { RunOutcome, Scenario, ScenarioRunner } from '../campaign/index.js';
import type { TestbedImage } from './testbed.js';

/** A thread's answer to a request; number 0 says that it is ready. */
export interface WorkerAnswer {
  id: number;
  outcome?: RunOutcome;
  error?: { code: ErrorCode | undefined; message: string };
}

interface Task {
  id: number;
  scenario: Scenario;
  resolve(outcome: RunOutcome): void;
  reject(error: unknown): void;
}

interface Thread {
  worker: Worker;
  /** What it works at. */
  task: Task | undefined;
}

/** A thread for each core that this process may use. */
export function coreCount(): number {
  return availableParallelism();
}

/** Threads that run whatever comes, each one run at a time, in the order of asking. */
export class TestbedPool implements ScenarioRunner {
  readonly #threads: Thread[] = [];
  readonly #waiting: Task[] = [];
  #nextId = 1;
  #broken: Error | undefined;

  private constructor() {}

  /** Starts threads and waits until all are warm. */
  static async open(image: TestbedImage, threads = coreCount()): Promise<TestbedPool> {
    assert(threads >= 1, 'a pool has a thread');
    const pool = new TestbedPool();
    try {
      await Promise.all(Array.from({ length: threads }, () => pool.#start(image)));
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  get width(): number {
    return this.#threads.length;
  }

  /** Carries out a run. Throws what it threw, UNAVAILABLE when its thread ended. */
  run(scenario: Scenario): Promise<RunOutcome> {
    if (this.#broken) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id: this.#nextId++, scenario, resolve, reject });
      this.#hand();
    });
  }

  /** Ends the threads; runs under way are rejected. */
  async close(): Promise<void> {
    this.#fail(new UmbraError('UNAVAILABLE', 'the threads of the campaign were ended'));
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #start(image: TestbedImage): Promise<void> {
    const worker = new Worker(new URL('./testbedWorker.js', import.meta.url), {
      workerData: image,
    });
    const thread: Thread = { worker, task: undefined };
    return new Promise((resolve, reject) => {
      worker.on('message', (answer: WorkerAnswer) => {
        if (answer.id !== 0) this.#take(thread, answer);
        else if (answer.error) reject(errorOf(answer.error));
        else {
          this.#threads.push(thread);
          resolve();
        }
      });
      const lost = (why: string): void => {
        const error = new UmbraError('UNAVAILABLE', `a thread of the campaign ended: ${why}`);
        reject(error);
        this.#fail(error);
      };
      worker.on('error', (error) => lost(error.message));
      worker.on('exit', (status) => lost(`status ${status}`));
    });
  }

  #hand(): void {
    for (const thread of this.#threads) {
      if (thread.task) continue;
      const task = this.#waiting.shift();
      if (!task) return;
      thread.task = task;
      thread.worker.postMessage({ id: task.id, scenario: task.scenario });
    }
  }

  #take(thread: Thread, { id, outcome, error }: WorkerAnswer): void {
    const { task } = thread;
    if (task?.id !== id) return;
    thread.task = undefined;
    if (outcome) task.resolve(outcome);
    else task.reject(errorOf(error!));
    this.#hand();
  }

  #fail(error: Error): void {
    this.#broken ??= error;
    const tasks = this.#threads.flatMap(({ task }) => task ?? []);
    for (const thread of this.#threads) thread.task = undefined;
    for (const { reject } of [...tasks, ...this.#waiting.splice(0)]) reject(error);
  }
}

function errorOf({ code, message }: NonNullable<WorkerAnswer['error']>): Error {
  return code === undefined ? new Error(message) : new UmbraError(code, message);
}
