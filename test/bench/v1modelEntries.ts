/** Entries over gRPC into a switch process: rates by the size of a batch, and what many take. */
import { readFileSync } from 'node:fs';
import { shippedFile } from '../../src/base/paths.js';
import { GrpcChannel, P4RuntimeClient, readP4InfoText, Schema } from '../../src/p4runtime/index.js';
import {
  ForwardingPipelineConfig,
  Update_Type,
  type FieldMatch,
  type Update,
} from '../../src/proto/index.js';
import { bmv2 } from '../conformance/targets.js';
import type { Benchmark, BenchRow } from './row.js';
import { startSwitchProcess } from './switchProcess.js';

const ROUTES = 100_000;
const RULES = 10_000;
const LIMIT_MIB = 400;
const ROUNDS = 3;

function largeConfig(): ForwardingPipelineConfig {
  const file = (suffix: string): string => shippedFile(`test/programs/build/large.${suffix}`);
  const info = readFileSync(file('p4info.txtpb'), 'utf8');
  return {
    p4info: readP4InfoText(info, 'large.p4info.txtpb'),
    p4DeviceConfig: Uint8Array.from(readFileSync(file('json'))),
    cookie: undefined,
  };
}

/** A number in as few bytes as P4Runtime wants. */
function bytes(value: number): Uint8Array {
  const text = value.toString(16);
  return Uint8Array.from(Buffer.from(text.padStart(text.length + (text.length % 2), '0'), 'hex'));
}

/** Updates of large.p4, by its schema. */
class LargeUpdates {
  readonly #schema: Schema;

  constructor(config: ForwardingPipelineConfig) {
    this.#schema = new Schema(config.p4info!);
  }

  /** `count` routes of 16 to 28 bits, scattered and all different. */
  routes(type: Update_Type, count: number): Update[] {
    const table = this.#schema.tables.get('LargeIngress.ipv4_lpm').id;
    return Array.from({ length: count }, (_, i) => {
      const prefixLen = i < 1000 ? 16 : 20 + (i % 9);
      // The upper 17 bits tell the longer ones apart.
      const spread = prefixLen === 16 ? i << 16 : (i << 15) | (i & 0x7000);
      const value = (spread & (-1 << (32 - prefixLen))) >>> 0;
      const match: FieldMatch = {
        fieldId: 1,
        fieldMatchType: { $case: 'lpm', value: { value: bytes(value), prefixLen } },
      };
      return this.#update(type, table, [match], 0, 'LargeIngress.set_next_hop', i % 1000);
    });
  }

  rules(type: Update_Type, count: number): Update[] {
    const table = this.#schema.tables.get('LargeIngress.acl').id;
    return Array.from({ length: count }, (_, i) => {
      const mask = (-1 << (8 + (i % 17))) >>> 0;
      const masked = (Math.imul(i, 0x9e3779b1) & mask) >>> 0;
      const match: FieldMatch[] = [
        {
          fieldId: 1,
          fieldMatchType: {
            $case: 'ternary',
            value: { value: bytes(masked), mask: bytes(mask) },
          },
        },
        {
          fieldId: 5,
          fieldMatchType: {
            $case: 'range',
            value: { low: bytes(i), high: bytes(i + 1000) },
          },
        },
      ];
      return this.#update(type, table, match, i + 1, 'LargeIngress.set_class', i % 1000);
    });
  }

  #update(
    type: Update_Type,
    tableId: number,
    match: FieldMatch[],
    priority: number,
    action: string,
    value: number,
  ): Update {
    const { id } = this.#schema.actions.get(action);
    return {
      type,
      entity: {
        entity: {
          $case: 'tableEntry',
          value: {
            tableId,
            match,
            priority,
            action: {
              type: {
                $case: 'action',
                value: { actionId: id, params: [{ paramId: 1, value: bytes(value) }] },
              },
            },
            controllerMetadata: 0n,
            meterConfig: undefined,
            counterData: undefined,
            meterCounterData: undefined,
            isDefaultAction: false,
            idleTimeoutNs: 0n,
            timeSinceLastHit: undefined,
            metadata: new Uint8Array(),
            isConst: false,
          },
        },
      },
    };
  }
}

async function connect(address: string, config: ForwardingPipelineConfig) {
  const channel = new GrpcChannel(address);
  const client = new P4RuntimeClient(channel, { deviceId: 1n });
  await client.becomePrimary();
  await client.setPipelineConfig(config);
  return client;
}

async function secondsOf(run: () => Promise<void>): Promise<number> {
  const began = process.hrtime.bigint();
  await run();
  return Number(process.hrtime.bigint() - began) / 1e9;
}

/** Inserts per second in batches of `batch`, the best of some rounds. */
async function rate(
  client: P4RuntimeClient,
  updates: LargeUpdates,
  batch: number,
): Promise<number> {
  const count = Math.min(8192, batch * 40 + 400);
  const [inserts, deletes] = [Update_Type.INSERT, Update_Type.DELETE].map((type) =>
    updates.routes(type, count),
  ) as [Update[], Update[]];
  let best = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const seconds = await secondsOf(async () => {
      for (let at = 0; at < count; at += batch) await client.write(inserts.slice(at, at + batch));
    });
    best = Math.max(best, count / seconds);
    await client.write(deletes);
  }
  return best;
}

/** Rates of one target, by the size of a batch. */
async function rates(address: string): Promise<Map<number, number>> {
  const config = largeConfig();
  const client = await connect(address, config);
  const updates = new LargeUpdates(config);
  const result = new Map<number, number>();
  for (const batch of [1, 100, 256]) result.set(batch, await rate(client, updates, batch));
  client.close();
  return result;
}

async function rateRows(): Promise<BenchRow[]> {
  const ours = await startSwitchProcess();
  const mine = await rates(ours.address).finally(() => ours.stop());
  let theirs: Map<number, number> | undefined;
  if (bmv2.missing() === undefined) {
    const target = await bmv2.start();
    theirs = await rates(target.address).finally(() => target.stop());
  }
  return [...mine].map(([batch, value]) => {
    // Without BMv2 a batch is compared with single writes, which every client can do.
    const peer = theirs
      ? { name: 'simple_switch_grpc', value: theirs.get(batch)! }
      : { name: 'one by one', value: mine.get(1)! };
    return {
      name: `entries inserted over gRPC, batches of ${batch}`,
      value,
      unit: 'entries/s',
      peer,
      ratio: value / peer.value,
      ...(theirs && batch === 256 ? { goal: 'ratio >= 1' } : {}),
    };
  });
}

async function loadRows(): Promise<BenchRow[]> {
  const ours = await startSwitchProcess();
  try {
    const config = largeConfig();
    const client = await connect(ours.address, config);
    const updates = new LargeUpdates(config);
    const routes = updates.routes(Update_Type.INSERT, ROUTES);
    const rules = updates.rules(Update_Type.INSERT, RULES);
    const before = (await ours.residentBytes()) / 2 ** 20;
    const few = await secondsOf(() => client.write(routes.slice(0, RULES)));
    const many = await secondsOf(() => client.write([...routes.slice(RULES), ...rules]));
    const resident = (await ours.residentBytes()) / 2 ** 20;
    client.close();
    const loading = 'over gRPC, 100,000 LPM and 10,000 ternary entries';
    return [
      {
        name: `time to load ${loading}; the last 100,000 against the first 10,000, each`,
        value: few + many,
        unit: 's',
        peer: { name: 'of the first 10,000', value: few },
        ratio: many / ROUTES / (few / RULES),
      },
      {
        name: `memory of the switch process, ${loading}`,
        value: resident,
        unit: 'MiB',
        peer: { name: 'empty', value: before },
        ratio: resident / LIMIT_MIB,
        goal: `ratio <= 1 of ${LIMIT_MIB} MiB`,
      },
    ];
  } finally {
    ours.stop();
  }
}

export const run: Benchmark = async () => [...(await rateRows()), ...(await loadRows())];
