/** What readers of capture files share: the packet, its limits, and how a bad file is refused. */
import { UmbraError } from '../base/errors.js';

/** One captured frame. */
export interface CapturedPacket {
  /** Time since the capture's first packet, ns; negative when packets are out of order. */
  timeNs: number;
  /** What was captured of the frame: a view of the capture's bytes. */
  frame: Uint8Array;
  /** Length of the frame on the wire; more than `frame.length` when it was cut. */
  wireLength: number;
}

/** The largest frame that a capture may hold, bytes; as in libpcap. */
export const FRAME_LIMIT_BYTES = 262144;
/** LINKTYPE_ETHERNET. */
export const LINK_TYPE_ETHERNET = 1;

/** An INVALID_FILE error that names the file and the byte where reading failed. */
export function captureError(fileName: string, offset: number, what: string): UmbraError {
  return new UmbraError('INVALID_FILE', `${fileName}: byte ${offset}: ${what}`);
}

/** Throws when a packet of `length` bytes cannot be: it is beyond any frame, or the file ends. */
export function checkLength(length: number, left: number, fileName: string, offset: number): void {
  if (length > FRAME_LIMIT_BYTES) {
    throw captureError(fileName, offset, `packet of ${length} bytes, ${FRAME_LIMIT_BYTES} at most`);
  }
  if (length > left) {
    throw captureError(fileName, offset, `truncated packet: ${length} bytes wanted, ${left} left`);
  }
}
