/** google.rpc codes and the errors of an RPC. Source: P4Runtime 1.5, section 12.3. */
import { UmbraError, messageOf, type ErrorCode } from '../base/errors.js';

/** The google.rpc codes that P4Runtime uses. */
export const Code = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
} as const;

const names = new Map<number, string>(Object.entries(Code).map(([name, code]) => [code, name]));

/** The name of a google.rpc code. */
export function codeName(code: number): string {
  return names.get(code) ?? `code ${code}`;
}

/** An error with a google.rpc code. */
export class StatusError extends UmbraError {
  constructor(
    readonly status: number,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(umbraCodes[status] ?? 'RPC', message, options);
  }
}

/** INVALID_ARGUMENT with a message. */
export function invalid(message: string): StatusError {
  return new StatusError(Code.INVALID_ARGUMENT, message);
}

const umbraCodes: Partial<Record<number, ErrorCode>> = {
  [Code.NOT_FOUND]: 'NOT_FOUND',
  [Code.ALREADY_EXISTS]: 'CONFLICT',
  [Code.INVALID_ARGUMENT]: 'INVALID_INPUT',
  [Code.OUT_OF_RANGE]: 'INVALID_INPUT',
  [Code.PERMISSION_DENIED]: 'REFUSED',
  [Code.RESOURCE_EXHAUSTED]: 'LIMIT',
  [Code.UNAVAILABLE]: 'UNAVAILABLE',
};

const statuses: Partial<Record<ErrorCode, number>> = {
  NOT_FOUND: Code.NOT_FOUND,
  CONFLICT: Code.ALREADY_EXISTS,
  REFUSED: Code.PERMISSION_DENIED,
  PERMISSION: Code.PERMISSION_DENIED,
  LIMIT: Code.RESOURCE_EXHAUSTED,
  UNAVAILABLE: Code.UNAVAILABLE,
  INVALID_INPUT: Code.INVALID_ARGUMENT,
  INVALID_PROGRAM: Code.INVALID_ARGUMENT,
  UNSUPPORTED_PROGRAM: Code.INVALID_ARGUMENT,
  PIPELINE_MISMATCH: Code.INVALID_ARGUMENT,
};

/** The google.rpc code of anything thrown; a programmer error is INTERNAL. */
export function statusOf(error: unknown): number {
  if (error instanceof StatusError) return error.status;
  if (error instanceof UmbraError) return statuses[error.code] ?? Code.UNKNOWN;
  return Code.INTERNAL;
}

/** An operating error with its code; a programmer error as it is. */
export function statusErrorOf(error: unknown): unknown {
  if (!(error instanceof UmbraError) || error instanceof StatusError) return error;
  return new StatusError(statusOf(error), error.message, { cause: error });
}

/** An error's text, cut to what a status line should carry. */
export function briefMessage(error: unknown): string {
  return messageOf(error).slice(0, 160);
}

/** One update of a Write, or one request of a Read, that failed. */
export interface UpdateFailure {
  /** Position in the batch. */
  index: number;
  status: number;
  message: string;
}

/** A Write of which some updates failed; the others were carried out. */
export class WriteError extends UmbraError {
  constructor(
    readonly failures: readonly UpdateFailure[],
    readonly total: number,
    where: string,
  ) {
    super('WRITE_FAILED', `${where}: ${summary(failures, total, 'update')}`);
  }
}

/** A Read of which some requests failed. Its status is theirs when they agree, else UNKNOWN. */
export class ReadError extends StatusError {
  constructor(
    readonly failures: readonly UpdateFailure[],
    readonly total: number,
    where: string,
  ) {
    const statuses = new Set(failures.map(({ status }) => status));
    const [status = Code.UNKNOWN] = statuses.size === 1 ? statuses : [];
    super(status, `${where}: ${summary(failures, total, 'request')}`);
  }
}

function summary(failures: readonly UpdateFailure[], total: number, kind: string): string {
  const head = `${failures.length} of ${total} ${kind}s failed`;
  const [first] = failures;
  if (!first) return head;
  return `${head}; first: ${kind} ${first.index}: ${codeName(first.status)}: ${first.message}`;
}
