/** A batch of frames for recvmmsg and sendmmsg, laid out in native memory once. */
import type { Libc, NativeBlock } from './libc.js';

/** Frames in one call. */
export const BATCH = 64;
/** The longest frame, jumbo and VLAN tag included. */
export const FRAME_BYTES = 9216;

// struct mmsghdr of 64-bit Linux: a msghdr of 56 bytes, msg_len, padding.
const HEADER_BYTES = 64;
const IOV_AT = 16;
const IOV_COUNT_AT = 24;
const CONTROL_AT = 32;
const CONTROL_LENGTH_AT = 40;
const FLAGS_AT = 48;
const LENGTH_AT = 56;
const MSG_TRUNC = 0x20;
const IOVEC_BYTES = 16;
const CONTROL_BYTES = 64;

/** Headers, vectors, control buffers and frames of one batch. */
export class MessageBatch {
  readonly bytes: Uint8Array;
  readonly #block: NativeBlock;
  readonly #frames: number;
  readonly #control: number;
  readonly #vectors: number;

  constructor(libc: Libc) {
    this.#vectors = BATCH * HEADER_BYTES;
    this.#control = this.#vectors + BATCH * IOVEC_BYTES;
    this.#frames = this.#control + BATCH * CONTROL_BYTES;
    this.#block = libc.allocate(this.#frames + BATCH * FRAME_BYTES);
    this.bytes = this.#block.bytes;
    const { address, view } = this.#block;
    for (let i = 0; i < BATCH; i++) {
      const header = i * HEADER_BYTES;
      const vector = this.#vectors + i * IOVEC_BYTES;
      view.setBigUint64(header + IOV_AT, address + BigInt(vector), true);
      view.setBigUint64(header + IOV_COUNT_AT, 1n, true);
      view.setBigUint64(header + CONTROL_AT, address + BigInt(this.controlAt(i)), true);
      view.setBigUint64(vector, address + BigInt(this.frameAt(i)), true);
    }
  }

  get address(): bigint {
    return this.#block.address;
  }

  /** Address of the header of frame i. */
  addressOf(i: number): bigint {
    return this.#block.address + BigInt(i * HEADER_BYTES);
  }

  get view(): DataView {
    return this.#block.view;
  }

  /** Where frame i begins in `bytes`. */
  frameAt(i: number): number {
    return this.#frames + i * FRAME_BYTES;
  }

  /** Where the control data of frame i begins. */
  controlAt(i: number): number {
    return this.#control + i * CONTROL_BYTES;
  }

  /** Makes every frame ready to be filled by the kernel. */
  prepareReceive(): void {
    const { view } = this.#block;
    for (let i = 0; i < BATCH; i++) {
      view.setUint32(this.#vectors + i * IOVEC_BYTES + 8, FRAME_BYTES, true);
      view.setUint32(i * HEADER_BYTES + CONTROL_LENGTH_AT, CONTROL_BYTES, true);
    }
  }

  receivedLength(i: number): number {
    return this.#block.view.getUint32(i * HEADER_BYTES + LENGTH_AT, true);
  }

  /** The frame was longer than FRAME_BYTES. */
  isCut(i: number): boolean {
    return (this.#block.view.getUint32(i * HEADER_BYTES + FLAGS_AT, true) & MSG_TRUNC) !== 0;
  }

  controlLength(i: number): number {
    return this.#block.view.getUint32(i * HEADER_BYTES + CONTROL_LENGTH_AT, true);
  }

  /** Says that frame i is to be sent with this length. */
  setSendLength(i: number, length: number): void {
    const { view } = this.#block;
    view.setUint32(this.#vectors + i * IOVEC_BYTES + 8, length, true);
    view.setUint32(i * HEADER_BYTES + CONTROL_LENGTH_AT, 0, true);
  }

  /** The length that frame i was given to be sent with. */
  sendLength(i: number): number {
    return this.#block.view.getUint32(this.#vectors + i * IOVEC_BYTES + 8, true);
  }
}
