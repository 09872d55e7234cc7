/**
 * Reads pcapng: sections, interfaces, and the three kinds of packet block; other blocks are
 * skipped. Source: draft-ietf-opsawg-pcapng.
 */
import { captureError, checkLength, LINK_TYPE_ETHERNET } from './capturedPacket.js';
import type { CapturedPacket } from './capturedPacket.js';

/** The first four bytes of a pcapng file: the type of a section header block. */
export const PCAPNG_MAGIC = 0x0a0d0d0a;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const BlockType = { INTERFACE: 1, PACKET: 2, SIMPLE_PACKET: 3, ENHANCED_PACKET: 6 } as const;
const OPTION_END = 0;
const OPTION_TIME_RESOLUTION = 9;
/** Type, total length, and total length again at the end. */
const BLOCK_OVERHEAD_BYTES = 12;
const SECTION_BYTES = 28;
const INTERFACE_LIMIT = 65536;

interface Interface {
  linkType: number;
  /** 0: no limit. */
  snapLength: number;
  unitsPerSecond: bigint;
}

/** One block: `at` its first byte, `bodyAt` and `endAt` bound its body. */
interface Block {
  type: number;
  at: number;
  bodyAt: number;
  endAt: number;
}

/**
 * The packets of a pcapng file; the first four bytes are known to be PCAPNG_MAGIC. Times count
 * from the first packet, or from `originSeconds` of the epoch.
 */
export function* readPcapng(
  bytes: Uint8Array,
  view: DataView,
  fileName: string,
  originSeconds?: number,
): Generator<CapturedPacket> {
  let interfaces: Interface[] = [];
  let isLittle = true;
  let startNs = originSeconds === undefined ? undefined : BigInt(originSeconds) * 1_000_000_000n;
  let lastNs = 0;
  for (let at = 0; at < bytes.length;) {
    if (isSection(view, at)) {
      isLittle = readByteOrder(view, at, fileName);
      interfaces = [];
    }
    const block = readBlock(view, at, isLittle, fileName);
    at = block.endAt + 4;
    if (block.type === BlockType.INTERFACE) {
      if (interfaces.length === INTERFACE_LIMIT) {
        throw captureError(fileName, block.at, `more than ${INTERFACE_LIMIT} interfaces`);
      }
      interfaces.push(readInterface(view, block, isLittle, fileName));
      continue;
    }
    const fields = packetFields(view, block, isLittle, interfaces, fileName);
    if (fields === undefined) continue;
    const { source, ticks, dataAt, length, wireLength } = fields;
    if (ticks !== undefined) {
      const ns = (ticks * 1_000_000_000n) / source.unitsPerSecond;
      startNs ??= ns;
      lastNs = Number(ns - startNs);
    }
    yield {
      timeNs: lastNs,
      frame: bytes.subarray(dataAt, dataAt + length),
      wireLength: Math.max(wireLength, length),
    };
  }
}

function isSection(view: DataView, at: number): boolean {
  return at + 4 <= view.byteLength && view.getUint32(at) === PCAPNG_MAGIC;
}

function readByteOrder(view: DataView, at: number, fileName: string): boolean {
  const left = view.byteLength - at;
  if (left < SECTION_BYTES) {
    const what = `truncated section header: ${SECTION_BYTES} bytes wanted, ${left} left`;
    throw captureError(fileName, at, what);
  }
  if (view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC) return true;
  if (view.getUint32(at + 8, false) === BYTE_ORDER_MAGIC) return false;
  throw captureError(fileName, at + 8, 'section header without a byte-order magic');
}

function readBlock(view: DataView, at: number, isLittle: boolean, fileName: string): Block {
  const left = view.byteLength - at;
  if (left < BLOCK_OVERHEAD_BYTES) {
    const what = `truncated block: ${BLOCK_OVERHEAD_BYTES} bytes wanted, ${left} left`;
    throw captureError(fileName, at, what);
  }
  const length = view.getUint32(at + 4, isLittle);
  if (length > left) {
    throw captureError(fileName, at, `truncated block: ${length} bytes wanted, ${left} left`);
  }
  if (length < BLOCK_OVERHEAD_BYTES || length % 4 !== 0) {
    throw captureError(fileName, at + 4, `block of ${length} bytes`);
  }
  const again = view.getUint32(at + length - 4, isLittle);
  if (again !== length) {
    const what = `block of ${length} bytes at its start, ${again} at its end`;
    throw captureError(fileName, at + 4, what);
  }
  return { type: view.getUint32(at, isLittle), at, bodyAt: at + 8, endAt: at + length - 4 };
}

/** Throws unless the block's body has its fixed part. */
function need(block: Block, length: number, what: string, fileName: string): void {
  const left = block.endAt - block.bodyAt;
  if (left >= length) return;
  throw captureError(fileName, block.at, `truncated ${what}: ${length} bytes wanted, ${left} left`);
}

function readInterface(
  view: DataView,
  block: Block,
  isLittle: boolean,
  fileName: string,
): Interface {
  need(block, 8, 'interface block', fileName);
  let unitsPerSecond = 1_000_000n;
  for (let at = block.bodyAt + 8; at + 4 <= block.endAt;) {
    const code = view.getUint16(at, isLittle);
    const length = view.getUint16(at + 2, isLittle);
    if (code === OPTION_END) break;
    if (code === OPTION_TIME_RESOLUTION && length >= 1) {
      const exponent = view.getUint8(at + 4);
      unitsPerSecond = BigInt(exponent & 0x80 ? 2 : 10) ** BigInt(exponent & 0x7f);
    }
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return {
    linkType: view.getUint16(block.bodyAt, isLittle),
    snapLength: view.getUint32(block.bodyAt + 4, isLittle),
    unitsPerSecond,
  };
}

interface PacketFields {
  source: Interface;
  /** Absent in simple packet blocks, which have no time. */
  ticks?: bigint;
  dataAt: number;
  length: number;
  wireLength: number;
}

/** The fields of a packet block, or undefined when the block is of another kind. */
function packetFields(
  view: DataView,
  block: Block,
  isLittle: boolean,
  interfaces: readonly Interface[],
  fileName: string,
): PacketFields | undefined {
  const { type, bodyAt } = block;
  const isSimple = type === BlockType.SIMPLE_PACKET;
  if (!isSimple && type !== BlockType.ENHANCED_PACKET && type !== BlockType.PACKET) {
    return undefined;
  }
  const fixed = isSimple ? 4 : 20;
  need(block, fixed, 'packet block', fileName);
  const word = (index: number): number => view.getUint32(bodyAt + 4 * index, isLittle);
  const number = isSimple
    ? 0
    : type === BlockType.PACKET
      ? view.getUint16(bodyAt, isLittle)
      : word(0);
  const source = interfaces[number];
  if (source === undefined) {
    const what = `packet of interface ${number}, ${interfaces.length} are described`;
    throw captureError(fileName, block.at, what);
  }
  if (source.linkType !== LINK_TYPE_ETHERNET) {
    const what = `packet of link type ${source.linkType}, not Ethernet (1)`;
    throw captureError(fileName, block.at, what);
  }
  const left = block.endAt - bodyAt - fixed;
  const wireLength = word(isSimple ? 0 : 4);
  const length = isSimple ? Math.min(wireLength, source.snapLength || wireLength) : word(3);
  checkLength(length, left, fileName, bodyAt + (isSimple ? 0 : 12));
  const ticks = isSimple ? undefined : BigInt(word(1)) * 0x1_0000_0000n + BigInt(word(2));
  return { source, ticks, dataAt: bodyAt + fixed, length, wireLength };
}
