import test from 'ava';
import { GrpcChannel } from '../../src/p4runtime/index.js';
import { fuzzUpdates } from './updates.js';

test('mutated updates get the right status, in process', async (t) => {
  const result = await fuzzUpdates(20_000, 20251125, (server) => server.inProcess());
  t.deepEqual(result.wrong, []);
  t.is(result.differences, 0);
  t.true(result.accepted > 2000 && result.refused > 2000);
});

test('mutated updates get the right status, over gRPC', async (t) => {
  const result = await fuzzUpdates(2000, 1, async (server) => {
    const port = await server.listen('127.0.0.1:0');
    return new GrpcChannel(`127.0.0.1:${port}`);
  });
  t.deepEqual(result.wrong, []);
  t.is(result.differences, 0);
});
