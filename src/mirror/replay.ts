/** Copies on their way into the shadow: tagged, so that they can never pass for real packets. */
import { EtherType } from '../packet/index.js';

const TAG_BYTES = 2;
const TYPE_AT = 12;

/** Puts the shadow tag in front of a frame's EtherType (invariant I4). A fresh array. */
export function tagFrame(frame: Uint8Array): Uint8Array {
  const tagged = new Uint8Array(frame.length + TAG_BYTES);
  tagged.set(frame.subarray(0, TYPE_AT));
  tagged[TYPE_AT] = EtherType.SHADOW_TAG >> 8;
  tagged[TYPE_AT + 1] = EtherType.SHADOW_TAG & 255;
  tagged.set(frame.subarray(TYPE_AT), TYPE_AT + TAG_BYTES);
  return tagged;
}

/** Length of a tagged frame on the wire. */
export function taggedLength(wireLength: number): number {
  return wireLength + TAG_BYTES;
}
