/** A server with a fake device, reached in process or over gRPC: the same cases run on both. */
import { readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { shippedFile } from '../../src/base/paths.js';
import {
  Code,
  GrpcChannel,
  P4RuntimeServer,
  ruleEntity,
  Schema,
  StatusError,
  type Channel,
  type Stream,
} from '../../src/p4runtime/index.js';
import {
  ForwardingPipelineConfig,
  Update_Type,
  WriteRequest,
  type Entity,
  type MasterArbitrationUpdate,
  type StreamMessageRequest,
  type StreamMessageResponse,
  type Uint128,
  type Update,
} from '../../src/proto/index.js';
import { FakeTarget } from './fakeTarget.js';

/** The schema of one of Umbra's own programs. */
export function schemaOf(program: 'production' | 'shadow'): Schema {
  const file = `p4/build/${program}.p4info.txtpb`;
  return Schema.fromText(readFileSync(shippedFile(file), 'utf8'), file);
}

export const schema = schemaOf('production');

/** A config that the fake device accepts. */
export const config = ForwardingPipelineConfig.fromPartial({
  p4info: schema.info,
  p4DeviceConfig: Uint8Array.of(1, 2, 3),
  cookie: { cookie: 77n },
});

/** The route of prefix number `i`. */
export function route(i: number): Entity {
  return ruleEntity(schema, {
    table: 'routing.ipv4_lpm',
    match: { ipv4_dst: `10.${i >> 8}.${i & 255}.0/24` },
    member: 1,
  });
}

/** The ACL entry of L4 port number `port`. */
export function acl(port: number, priority = 10): Entity {
  return ruleEntity(schema, {
    table: 'acl.filter',
    match: { l4_dst_port: `${port}` },
    priority,
    action: 'deny',
    params: {},
  });
}

export const insert = (entity: Entity): Update => ({ type: Update_Type.INSERT, entity });

/** Device 1 with a pipeline, device 2 without one. */
export interface World {
  target: FakeTarget;
  empty: FakeTarget;
  server: P4RuntimeServer;
  /** A new channel to the server; closed with the world. */
  channel(): Channel;
}

async function makeWorld(overGrpc: boolean): Promise<World & { close(): void }> {
  const target = new FakeTarget(1n, config);
  const empty = new FakeTarget(2n);
  const server = new P4RuntimeServer([target, empty]);
  const port = overGrpc ? await server.listen('127.0.0.1:0') : 0;
  const channels: Channel[] = [];
  return {
    target,
    empty,
    server,
    channel() {
      channels.push(overGrpc ? new GrpcChannel(`127.0.0.1:${port}`) : server.inProcess());
      return channels.at(-1)!;
    },
    close() {
      for (const channel of channels) channel.close();
      server.close();
    },
  };
}

/** Two tests of one case: in process and over gRPC. */
export function both(
  title: string,
  run: (t: ExecutionContext, world: World) => Promise<void>,
): void {
  for (const transport of ['in process', 'gRPC']) {
    test(`${title} (${transport})`, async (t) => {
      const world = await makeWorld(transport === 'gRPC');
      try {
        await run(t, world);
      } finally {
        world.close();
      }
    });
  }
}

/** What comes, in order, to be awaited one by one. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #waiting: ((item: T) => void)[] = [];

  put(item: T): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(item);
    else this.#items.push(item);
  }

  next(): Promise<T> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve(item);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** What has come and was not taken. */
  get waiting(): number {
    return this.#items.length;
  }
}

/** A client's stream without a client: messages as they are. */
export class RawStream {
  readonly #inbox = new Inbox<StreamMessageResponse | { ended: unknown }>();
  readonly #stream: Stream;

  constructor(channel: Channel) {
    this.#stream = channel.openStream(
      (message) => this.#inbox.put(message),
      (error) => this.#inbox.put({ ended: error }),
    );
  }

  send(update: StreamMessageRequest['update']): void {
    this.#stream.send({ update });
  }

  /** Sends a MasterArbitrationUpdate; an election id of undefined is unset. */
  arbitrate(id: number | undefined, more: Partial<MasterArbitrationUpdate> = {}): void {
    const electionId = id === undefined ? undefined : election(id);
    const value = { deviceId: 1n, role: undefined, electionId, status: undefined, ...more };
    this.send({ $case: 'arbitration', value });
  }

  /** Sends one and waits for what comes: `OK 5`, `ALREADY_EXISTS 7`, or the status at the end. */
  async ask(id: number | undefined, more: Partial<MasterArbitrationUpdate> = {}): Promise<string> {
    this.arbitrate(id, more);
    return this.heard();
  }

  /** The next message in short. */
  async heard(): Promise<string> {
    const message = await this.#inbox.next();
    if ('ended' in message) return `ended ${nameOf(statusOfError(message.ended))}`;
    const { update } = message;
    if (update?.$case !== 'arbitration') return update?.$case ?? 'nothing';
    const id = update.value.electionId;
    return `${nameOf(update.value.status!.code)} ${id ? id.low : 'unset'}`;
  }

  close(): void {
    this.#stream.close();
  }
}

export const election = (id: number): Uint128 => ({ high: 0n, low: BigInt(id) });

/** A role by name, without a configuration. */
export const role = (name: string) => ({ role: { id: 0n, name, config: undefined } });

/** A Write as any client may send it. */
export function writeRequest(partial: Partial<WriteRequest>): WriteRequest {
  return WriteRequest.fromPartial({ deviceId: 1n, electionId: election(1), ...partial });
}

export function nameOf(code: number): string {
  return Object.entries(Code).find(([, value]) => value === code)?.[0] ?? `${code}`;
}

export function statusOfError(error: unknown): number {
  return error instanceof StatusError ? error.status : -1;
}

/** The status name of a call that must fail; `OK` when it did not. */
export async function statusOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'OK';
  } catch (error) {
    if (error instanceof StatusError) return nameOf(error.status);
    throw error;
  }
}
