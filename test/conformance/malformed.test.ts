/** Bytes that are no message: every call gets a status, and the server lives on. */
import test from 'ava';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { Prng } from '../../src/base/prng.js';
import { WriteRequest } from '../../src/proto/index.js';
import { election } from '../p4runtime/world.js';
import { embedded } from './targets.js';
import { CONTROLLER_ID, World } from './world.js';

const ROUNDS = 60;
const same = (bytes: Buffer): Buffer => bytes;
const service = '/p4.v1.P4Runtime';

/** Bytes of several kinds: noise, a length that lies, nesting without end, half a message. */
function garbage(prng: Prng, round: number): Buffer {
  const noise = Buffer.from(Array.from({ length: 40 }, () => prng.below(256)));
  const nested = Buffer.from(Array.from({ length: 4000 }, (_, i) => (i % 2 ? 0x7f : 0x22)));
  const whole = Buffer.from(
    WriteRequest.encode(
      WriteRequest.fromPartial({ deviceId: 1n, electionId: election(CONTROLLER_ID) }),
    ).finish(),
  );
  const kinds = [noise, Buffer.from([0x22, 0xff, 0xff, 0xff, 0x7f]), nested, whole.subarray(0, -1)];
  return kinds[round % kinds.length]!;
}

test('what is no message gets a status, on calls and on streams', async (t) => {
  const world = await World.start(embedded, 'conformance');
  const client = new Client(world.target.address, credentials.createInsecure());
  const prng = new Prng(7);
  const ended: Promise<number>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = garbage(prng, round);
    for (const method of ['Write', 'SetForwardingPipelineConfig', 'Capabilities']) {
      ended.push(
        new Promise((resolve) =>
          client.makeUnaryRequest(`${service}/${method}`, same, same, bytes, (error) =>
            resolve(error?.code ?? 0),
          ),
        ),
      );
    }
    const read = client.makeServerStreamRequest(`${service}/Read`, same, same, bytes);
    const stream = client.makeBidiStreamRequest(`${service}/StreamChannel`, same, same);
    stream.write(bytes);
    stream.end();
    for (const call of [read, stream]) {
      call.on('data', () => undefined);
      call.on('error', (_: ServiceError) => undefined);
      ended.push(new Promise((resolve) => call.on('status', ({ code }) => resolve(code))));
    }
  }
  const codes = await Promise.all(ended);
  t.is(codes.length, ROUNDS * 5);
  t.is(await world.port('exact', { a: 1 }), 'dropped', 'packets still pass');
  t.is(await world.write([]), 'OK', 'and the primary is who it was');
  client.close();
  await world.stop();
});
