/**
 * The depth of BMv2's egress queues. They hold 64 packets unless told otherwise, so a mirror port
 * loses bursts; P4Runtime has no word for it, and there is no flag. BMv2's own Thrift service has:
 * one call, written here as its bytes (Thrift's binary protocol, multiplexed by service name).
 */
import { connect } from 'node:net';

const METHOD = 'simple_switch:set_all_egress_queue_depths';
const CALL = 0x80010001;
const TYPE_I32 = 8;
const ANSWER_MS = 2000;

/**
 * Sets the depth of all egress queues, packets. False when nobody answers: a BMv2 built without
 * Thrift keeps its depth, and the mirror's completeness shows what that costs.
 */
export function setEgressQueues(thriftPort: number, packets: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(thriftPort, '127.0.0.1');
    socket.setTimeout(ANSWER_MS, () => socket.destroy());
    socket.once('connect', () => socket.write(call(packets)));
    socket.once('data', () => {
      resolve(true);
      socket.destroy();
    });
    // Whatever the error, `close` follows.
    socket.on('error', () => {});
    socket.once('close', () => resolve(false));
  });
}

function call(packets: number): Buffer {
  const message = Buffer.alloc(4 + 4 + METHOD.length + 4 + 3 + 4 + 1);
  let at = message.writeUInt32BE(CALL);
  at = message.writeUInt32BE(METHOD.length, at);
  at += message.write(METHOD, at, 'latin1');
  at = message.writeUInt32BE(1, at);
  // One field: its type, its number, its value. The last byte, 0, ends the arguments.
  at = message.writeUInt8(TYPE_I32, at);
  at = message.writeUInt16BE(1, at);
  message.writeInt32BE(packets, at);
  return message;
}
