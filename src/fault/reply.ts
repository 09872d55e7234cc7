/**
 * The last words of a failed database, as its own protocol has them: an error message of exactly
 * the size that the fault stage puts in place of an answer, its text filled up with blanks.
 */
import type { AppProtocol } from './failure.js';

/** Bytes of a reply; the fault stage has no other size. */
export const REPLY_BYTES = 64;
const TEXT = 'database failure injected by Umbra';

/** A reply, and whether its fourth byte goes on with the server's own sequence number. */
export interface ErrorReply {
  bytes: Uint8Array;
  isNumbered: boolean;
}

/** The error reply of a protocol; undefined where there is none. */
export function errorReply(protocol: AppProtocol): ErrorReply | undefined {
  switch (protocol) {
    case 'postgres':
      return { bytes: postgresReply(), isNumbered: false };
    case 'mysql':
      return { bytes: mysqlReply(), isNumbered: true };
    case 'redis':
      return { bytes: fill('-ERR ', TEXT, '\r\n'), isNumbered: false };
    default:
      return undefined;
  }
}

/**
 * ErrorResponse of the frontend/backend protocol 3: FATAL, SQLSTATE 57P01 (admin_shutdown), behind
 * which a server closes the connection.
 */
function postgresReply(): Uint8Array {
  const length = '\0\0\0' + String.fromCharCode(REPLY_BYTES - 1);
  return fill(`E${length}SFATAL\0VFATAL\0C57P01\0M`, TEXT, '\0\0');
}

/** ERR packet: error 1053 (server shutdown in progress), SQLSTATE 08S01. */
function mysqlReply(): Uint8Array {
  const header = `${String.fromCharCode(REPLY_BYTES - 4)}\0\0\x01`;
  return fill(`${header}\xff\x1d\x04#08S01`, TEXT, '');
}

function fill(begin: string, text: string, end: string): Uint8Array {
  const room = REPLY_BYTES - begin.length - end.length;
  const whole = begin + text.slice(0, room).padEnd(room) + end;
  return Uint8Array.from(whole, (letter) => letter.charCodeAt(0));
}
