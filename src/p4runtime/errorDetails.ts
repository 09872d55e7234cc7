/**
 * The statuses of a batch on the wire: one p4.v1.Error per update (Write) or request (Read), packed
 * into the details of a google.rpc.Status. Spec: P4Runtime 1.5, sections 12.3 and 13.3.
 */
import { Error as P4Error, Status } from '../proto/index.js';
import { Code, type UpdateFailure } from './status.js';

/** The metadata key under which gRPC carries them. */
export const DETAILS_KEY = 'grpc-status-details-bin';

const ERROR_TYPE = 'type.googleapis.com/p4.v1.Error';
/** Node takes 64 KiB of headers, in which these bytes are written as base64. */
const MAX_BYTES = 45_000;
const MAX_TEXT_BYTES = 160;
/** Of each detail: the type's name, lengths and tags; with a code and a text a few more. */
const OK_BYTES = 2 + 2 + ERROR_TYPE.length + 2;
const FAILURE_BYTES = 12;

/**
 * The status of a batch of `total`. Texts are cut so that a client can take the whole; undefined
 * when the batch is too large even for that.
 */
export function packFailures(
  failures: readonly UpdateFailure[],
  total: number,
): Uint8Array | undefined {
  const room = MAX_BYTES - total * OK_BYTES - failures.length * FAILURE_BYTES;
  if (room < 0) return undefined;
  const text = new Uint8Array(Math.min(MAX_TEXT_BYTES, Math.floor(room / failures.length)));
  const details = Array.from({ length: total }, () => okDetail);
  for (const { index, status, message } of failures) {
    const { written } = new TextEncoder().encodeInto(message, text);
    const cut = new TextDecoder().decode(text.subarray(0, written));
    details[index] = detailOf(status, cut);
  }
  const status = Status.fromPartial({ code: Code.UNKNOWN, message: 'batch failed', details });
  return Status.encode(status).finish();
}

/** The failures among `total`; none when the bytes are not such a status. */
export function unpackFailures(packed: Uint8Array, total: number): UpdateFailure[] {
  try {
    const { details } = Status.decode(packed);
    if (details.length !== total) return [];
    return details.flatMap(({ value }, index) => {
      const { canonicalCode, message } = P4Error.decode(value);
      return canonicalCode === Code.OK ? [] : [{ index, status: canonicalCode, message }];
    });
  } catch {
    return [];
  }
}

function detailOf(canonicalCode: number, message: string): { typeUrl: string; value: Uint8Array } {
  const value = P4Error.encode(P4Error.fromPartial({ canonicalCode, message })).finish();
  return { typeUrl: ERROR_TYPE, value };
}

const okDetail = detailOf(Code.OK, '');
