/**
 * Operating errors: everything that can go wrong without a bug in Umbra.
 *
 * The catalogue is the one list of codes; the API turns a code into an HTTP status, the CLI into
 * an exit status. A message names the place (file, key, device, table) and both numbers where two
 * disagree.
 */

/** Code to HTTP status and exit status (1 failed, 2 wrong usage). */
export const errorCatalogue = {
  USAGE: { http: 400, exit: 2 },
  INVALID_INPUT: { http: 400, exit: 2 },
  INVALID_FILE: { http: 422, exit: 1 },
  INVALID_TOPOLOGY: { http: 422, exit: 1 },
  INVALID_PROGRAM: { http: 422, exit: 1 },
  UNSUPPORTED_PROGRAM: { http: 422, exit: 1 },
  PIPELINE_MISMATCH: { http: 422, exit: 1 },
  NOT_FOUND: { http: 404, exit: 1 },
  CONFLICT: { http: 409, exit: 1 },
  REFUSED: { http: 403, exit: 1 },
  LIMIT: { http: 429, exit: 1 },
  UNAVAILABLE: { http: 503, exit: 1 },
  ADDRESS_IN_USE: { http: 503, exit: 1 },
  PERMISSION: { http: 403, exit: 1 },
  RPC: { http: 502, exit: 1 },
  WRITE_FAILED: { http: 502, exit: 1 },
  STORE: { http: 500, exit: 1 },
} as const;

export type ErrorCode = keyof typeof errorCatalogue;

/** An operating error with a code from the catalogue; `cause` keeps what it was made from. */
export class UmbraError extends Error {
  override readonly name: string = 'UmbraError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  /** HTTP status of this error. */
  get httpStatus(): number {
    return errorCatalogue[this.code].http;
  }

  /** Exit status of a command that ends with this error: 1 failed, 2 wrong usage. */
  get exitStatus(): number {
    return errorCatalogue[this.code].exit;
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
