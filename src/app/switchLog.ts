/** What a switch daemon says: notices on standard error always, a log where it was asked for. */
import { openSync, writeSync } from 'node:fs';
import { messageOf, UmbraError } from '../base/errors.js';

/** From least to most that is said; as simple_switch_grpc names them. */
export const logLevels = ['off', 'error', 'warn', 'info', 'debug', 'trace'] as const;

export type LogLevel = (typeof logLevels)[number];

/** Where a line goes. */
export type LogSink = (line: string) => void;

/** A log with a level. */
export class SwitchLog {
  readonly #limit: number;

  /** @param sink where lines of the log go; none: only notices and errors are said */
  constructor(
    level: LogLevel = 'trace',
    private readonly sink?: LogSink,
  ) {
    this.#limit = logLevels.indexOf(level);
  }

  /** True when every packet is to be told step by step. */
  get tracesPackets(): boolean {
    return this.sink !== undefined && this.#limit >= logLevels.indexOf('debug');
  }

  /** For the one who started the switch, log or not. */
  notice(text: string): void {
    process.stderr.write(`umbra switch: ${text}\n`);
    this.#say('info', text);
  }

  error(text: string): void {
    process.stderr.write(`umbra switch: ${text}\n`);
    this.#say('error', text);
  }

  warn(text: string): void {
    process.stderr.write(`umbra switch: ${text}\n`);
    this.#say('warn', text);
  }

  info(text: string): void {
    this.#say('info', text);
  }

  debug(text: string): void {
    this.#say('debug', text);
  }

  #say(level: LogLevel, text: string): void {
    if (!this.sink || logLevels.indexOf(level) > this.#limit) return;
    const time = new Date().toISOString().slice(11, 23);
    this.sink(`[${time}] [${level}] ${text}\n`);
  }
}

/**
 * Writes to the end of a file; when that fails it is said once, and the lines are lost. Throws
 * STORE when the file cannot be opened.
 */
export function fileSink(path: string): LogSink {
  let fd: number;
  try {
    fd = openSync(path, 'a');
  } catch (error) {
    throw new UmbraError('STORE', `${path}: ${messageOf(error)}`, { cause: error });
  }
  let hasFailed = false;
  return (line) => {
    try {
      writeSync(fd, line);
      hasFailed = false;
    } catch (error) {
      if (!hasFailed) process.stderr.write(`umbra switch: ${path}: ${messageOf(error)}\n`);
      hasFailed = true;
    }
  };
}
