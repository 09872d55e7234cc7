/** Entries written per second to the embedded switch: in process, and over gRPC on loopback. */
import { shippedProgram } from '../../src/app/index.js';
import { ProductionDevice } from '../../src/device/index.js';
import {
  GrpcChannel,
  P4RuntimeServer,
  ruleEntity,
  type Channel,
} from '../../src/p4runtime/index.js';
import { fabricPool, PacketPool } from '../../src/packet/index.js';
import { Update_Type, type Update } from '../../src/proto/index.js';
import { EmbeddedSwitch } from '../../src/switch/index.js';
import type { Benchmark } from './row.js';

const ENTRIES = 4000;
const ROUNDS = 4;

/** Inserts and deletes ARP entries; returns the best round's inserts per second. */
async function rate(channel: Channel): Promise<number> {
  const config = shippedProgram('production');
  const device = await ProductionDevice.open({ name: 's1', channel, deviceId: 1n, config });
  const updates = (type: Update_Type): Update[] =>
    Array.from({ length: ENTRIES }, (_, i) => ({
      type,
      entity: ruleEntity(device.schema, {
        table: 'arp.responder',
        match: { target_ip: `10.1.${i >> 8}.${i & 255}` },
        action: 'arp.reply',
        params: { mac: '02:00:00:00:00:01' },
      }),
    }));
  const inserts = updates(Update_Type.INSERT);
  const deletes = updates(Update_Type.DELETE);
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const began = process.hrtime.bigint();
    await device.write(inserts);
    best = Math.max(best, ENTRIES / (Number(process.hrtime.bigint() - began) / 1e9));
    await device.write(deletes);
  }
  device.close();
  return best;
}

function server(): P4RuntimeServer {
  const pool = new PacketPool(fabricPool);
  const attachment = { transmit() {}, wakeAt() {} };
  return new P4RuntimeServer([
    new EmbeddedSwitch({ deviceId: 1n, pool, attachment, seed: 1, now: () => 0 }),
  ]);
}

export const run: Benchmark = async () => {
  const inProcess = await rate(server().inProcess());
  const remote = server();
  const port = await remote.listen('127.0.0.1:0');
  const grpc = await rate(new GrpcChannel(`127.0.0.1:${port}`));
  remote.close();
  return [
    {
      name: 'entries written over gRPC, batches of 256, client and server in one process',
      value: grpc,
      unit: 'entries/s',
      peer: { name: 'in process', value: inProcess },
      ratio: grpc / inProcess,
    },
  ];
};
