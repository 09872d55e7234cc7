/** Heads of HTTP/1.1 messages: what simulated ends write, and what a client reads off an answer. */

/** The longest start of a message that is real; a packet's slot has room for it. */
export const CONTENT_BYTES = 160;
/** Statuses from here on are errors: the client's or the server's. */
const FIRST_ERROR_STATUS = 400;
/** Behind `HTTP/1.1 ` there are three digits. */
const STATUS_START = 9;
/** An answer's head has its status when so many bytes of it are there. */
export const STATUS_END = 12;
const LETTER_H = 0x48;
const ZERO = 0x30;
const CARRIAGE_RETURN = 0x0d;
const HEAD_END = '\r\n\r\n';

/** No content: what is sent is all virtual. */
export const NO_CONTENT = new Uint8Array(0);

/** The head of a request. */
export function requestHead(path: string, host: string): Uint8Array {
  return ascii(`GET /${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
}

/**
 * The head of an answer of so many bytes in all; when they are too few for a head, its length is
 * the answer's.
 */
export function responseHead(status: number, messageBytes: number): Uint8Array {
  const start = `HTTP/1.1 ${status} ${reasons[status] ?? 'Error'}\r\nContent-Length: `;
  // What is left for the number and the body that it counts.
  const room = messageBytes - start.length - HEAD_END.length;
  let bodyBytes = Math.max(0, room - 1);
  while (bodyBytes > 0 && bodyBytes + digitsOf(bodyBytes) > room) bodyBytes--;
  const padding = Math.max(0, room - bodyBytes - digitsOf(bodyBytes));
  return ascii(`${start}${' '.repeat(padding)}${bodyBytes}${HEAD_END}`);
}

/**
 * Bytes of a whole answer of which `real` bytes stand at `at`, as its Content-Length says, which
 * servers here write last; 0 when that is not there.
 */
export function messageBytesOf(bytes: Uint8Array, at: number, real: number): number {
  const end = at + Math.min(real, CONTENT_BYTES) - HEAD_END.length;
  for (let i = at + STATUS_END; i <= end; i++) {
    if (bytes[i] !== CARRIAGE_RETURN || bytes[i + 2] !== CARRIAGE_RETURN) continue;
    let bodyBytes = 0;
    let scale = 1;
    for (let j = i - 1; isDigit(bytes[j]!); j--) {
      bodyBytes += scale * (bytes[j]! - ZERO);
      scale *= 10;
    }
    return scale === 1 ? 0 : i + HEAD_END.length - at + bodyBytes;
  }
  return 0;
}

/** Whether an answer says that the request failed. */
export function isErrorStatus(status: number): boolean {
  return status >= FIRST_ERROR_STATUS;
}

/** The status in the head of an HTTP/1 answer, 0 when it is none. */
export function statusOf(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== LETTER_H) return 0;
  let status = 0;
  for (let i = at + STATUS_START; i < at + STATUS_END; i++) {
    if (!isDigit(bytes[i]!)) return 0;
    status = 10 * status + bytes[i]! - ZERO;
  }
  return status;
}

const reasons: Record<number, string> = {
  200: 'OK',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte < ZERO + 10;
}

function digitsOf(number: number): number {
  return String(number).length;
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text).subarray(0, CONTENT_BYTES);
}
