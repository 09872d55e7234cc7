/** P4Runtime's calls on a set of targets, whatever transport they came by. */
import {
  GetForwardingPipelineConfigRequest_ResponseType as ResponseType,
  SetForwardingPipelineConfigRequest_Action as Action,
  WriteRequest_Atomicity as Atomicity,
  type Entity,
  type ForwardingPipelineConfig,
  type GetForwardingPipelineConfigRequest,
  type ReadRequest,
  type SetForwardingPipelineConfigRequest,
  type StreamError,
  type StreamMessageRequest,
  type StreamMessageResponse,
  type Update,
  type WriteRequest,
} from '../proto/index.js';
import { Arbitration, type Contender } from './arbitration.js';
import { Schema } from './schema.js';
import {
  briefMessage,
  Code,
  invalid,
  ReadError,
  StatusError,
  statusOf,
  WriteError,
  type UpdateFailure,
} from './status.js';
import type { Target } from './target.js';
import { validateUpdate } from './validate.js';

/** The version of the specification that is served. */
export const API_VERSION = '1.5.0';

interface Device {
  target: Target;
  arbitration: Arbitration;
  /** Of the target's present pipeline. */
  schema: { of: ForwardingPipelineConfig; schema: Schema } | undefined;
}

/**
 * The service. All calls are synchronous: what they did acts when they return. A device id of 0,
 * which the specification does not allow, is known only where a target asks for it: p4lang's
 * exercises number their switches from 0.
 */
export class P4RuntimeService {
  readonly #devices = new Map<bigint, Device>();

  constructor(targets: readonly Target[]) {
    for (const target of targets) {
      const arbitration = new Arbitration(target.deviceId);
      this.#devices.set(target.deviceId, { target, arbitration, schema: undefined });
      const toPrimaries = (message: StreamMessageResponse): void => {
        for (const primary of arbitration.primaries()) primary.send(message);
      };
      target.listen({
        packetIn: (packet) => toPrimaries({ update: { $case: 'packet', value: packet } }),
        digest: (list) => toPrimaries({ update: { $case: 'digest', value: list } }),
        idleTimeout: (value) =>
          toPrimaries({ update: { $case: 'idleTimeoutNotification', value } }),
      });
    }
  }

  capabilities(deviceId: bigint): { p4runtimeApiVersion: string } {
    if (deviceId !== 0n) this.#device(deviceId);
    return { p4runtimeApiVersion: API_VERSION };
  }

  /**
   * Throws a WriteError with the updates that failed. The others are carried out, or for an atomic
   * batch taken back: no packet and no call comes between two updates, so that both kinds of
   * atomic batch are one.
   */
  write(request: WriteRequest): void {
    const device = this.#device(request.deviceId);
    device.arbitration.requirePrimary(request.role, request.electionId);
    const schema = this.#schema(device);
    const where = `device ${request.deviceId}`;
    switch (request.atomicity) {
      case Atomicity.CONTINUE_ON_ERROR:
        writeEach(device.target, schema, request.updates, where);
        return;
      case Atomicity.ROLLBACK_ON_ERROR:
      case Atomicity.DATAPLANE_ATOMIC:
        device.target.atomically(() => writeAll(device.target, schema, request.updates, where));
        return;
      default:
        throw invalid(`unknown atomicity ${request.atomicity}`);
    }
  }

  /** What the good requests name, and an error when there are bad ones. */
  read(request: ReadRequest): { entities: Entity[]; error: ReadError | undefined } {
    const device = this.#device(request.deviceId);
    this.#schema(device);
    // A role without a configuration has all entities; nobody's role has none.
    const isEmpty = !device.arbitration.hasRole(request.role);
    const failures: UpdateFailure[] = [];
    const entities = request.entities.flatMap((entity, index) => {
      try {
        if (!entity.entity) throw invalid('entity without a kind');
        const found = device.target.read(entity);
        return isEmpty ? [] : found;
      } catch (error) {
        failures.push({ index, status: statusOf(error), message: briefMessage(error) });
        return [];
      }
    });
    if (failures.length === 0) return { entities, error: undefined };
    const where = `device ${request.deviceId}`;
    return { entities, error: new ReadError(failures, request.entities.length, where) };
  }

  setPipeline(request: SetForwardingPipelineConfigRequest): void {
    const { target, arbitration } = this.#device(request.deviceId);
    arbitration.requirePrimary(request.role, request.electionId);
    const { config, action } = request;
    if (action === Action.COMMIT) {
      if (config) throw invalid('COMMIT takes no config');
      target.commitSaved();
      return;
    }
    const isKnown = action > Action.UNSPECIFIED && action <= Action.RECONCILE_AND_COMMIT;
    if (!isKnown) throw invalid(`unknown action ${action}`);
    if (!config?.p4info) throw invalid('no P4Info');
    new Schema(config.p4info);
    target.verify(config);
    if (action === Action.VERIFY_AND_SAVE) target.saveConfig(config);
    if (action === Action.VERIFY_AND_COMMIT) target.commit(config);
    if (action === Action.RECONCILE_AND_COMMIT) target.reconcile(config);
  }

  getPipeline(request: GetForwardingPipelineConfigRequest): ForwardingPipelineConfig | undefined {
    const config = this.#device(request.deviceId).target.pipeline();
    if (!config) return undefined;
    const { responseType } = request;
    if (!(responseType in ResponseType)) throw invalid(`unknown response type ${responseType}`);
    const wantsInfo =
      responseType === ResponseType.ALL || responseType === ResponseType.P4INFO_AND_COOKIE;
    const wantsConfig =
      responseType === ResponseType.ALL || responseType === ResponseType.DEVICE_CONFIG_AND_COOKIE;
    return {
      p4info: wantsInfo ? config.p4info : undefined,
      p4DeviceConfig: wantsConfig ? config.p4DeviceConfig : new Uint8Array(0),
      cookie: config.cookie,
    };
  }

  /** A new StreamChannel; `end` closes it with a status. */
  openStream(send: (message: StreamMessageResponse) => void): ServiceStream {
    return new ServiceStream(send, (id) => this.#device(id));
  }

  #device(id: bigint): Device {
    const device = this.#devices.get(id);
    if (!device) throw new StatusError(Code.NOT_FOUND, `no device ${id}`);
    return device;
  }

  #schema(device: Device): Schema {
    const config = device.target.pipeline();
    if (!config?.p4info) {
      throw new StatusError(Code.FAILED_PRECONDITION, 'no pipeline has been set');
    }
    if (device.schema?.of !== config) {
      device.schema = { of: config, schema: new Schema(config.p4info) };
    }
    return device.schema.schema;
  }
}

/** The server's end of one StreamChannel. */
export class ServiceStream {
  readonly #contender: Contender;
  #device: Device | undefined;
  #isOpen = true;

  constructor(
    send: (message: StreamMessageResponse) => void,
    private readonly findDevice: (id: bigint) => Device,
  ) {
    this.#contender = { send };
  }

  /** Throws the status with which the stream must end; only arbitration ends one. */
  receive(message: StreamMessageRequest): void {
    if (!this.#isOpen) return;
    const update = message.update;
    if (update?.$case === 'arbitration') {
      const { deviceId } = update.value;
      if (this.#device !== undefined && this.#device.target.deviceId !== deviceId) {
        throw new StatusError(Code.FAILED_PRECONDITION, 'a stream keeps its device');
      }
      this.#device ??= this.findDevice(deviceId);
      this.#device.arbitration.update(this.#contender, update.value);
      return;
    }
    try {
      this.#carryOut(update);
    } catch (error) {
      this.#contender.send(streamError(update, error));
    }
  }

  #carryOut(update: StreamMessageRequest['update']): void {
    const device = this.#device;
    if (!device?.arbitration.isPrimary(this.#contender)) {
      throw new StatusError(Code.PERMISSION_DENIED, 'not primary');
    }
    if (update?.$case === 'packet') device.target.packetOut(update.value);
    else if (update?.$case === 'digestAck') device.target.digestAck(update.value);
    else throw invalid('unknown stream message');
  }

  close(): void {
    this.#isOpen = false;
    this.#device?.arbitration.leave(this.#contender);
  }
}

/** Tries every update. */
function writeEach(
  target: Target,
  schema: Schema,
  updates: readonly Update[],
  where: string,
): void {
  const failures: UpdateFailure[] = [];
  updates.forEach((update, index) => {
    try {
      writeOne(target, schema, update);
    } catch (error) {
      failures.push({ index, status: statusOf(error), message: briefMessage(error) });
    }
  });
  if (failures.length > 0) throw new WriteError(failures, updates.length, where);
}

/** Stops at the first update that fails; none of the others counts then. */
function writeAll(
  target: Target,
  schema: Schema,
  updates: readonly Update[],
  where: string,
): void {
  updates.forEach((update, index) => {
    try {
      writeOne(target, schema, update);
    } catch (error) {
      const failures = updates.map((_, i): UpdateFailure => {
        return i === index
          ? { index, status: statusOf(error), message: briefMessage(error) }
          : { index: i, status: Code.ABORTED, message: '' };
      });
      throw new WriteError(failures, updates.length, where);
    }
  });
}

function writeOne(target: Target, schema: Schema, update: Update): void {
  if (!update.entity) throw invalid('no entity');
  validateUpdate(schema, update.type, update.entity);
  target.write(update);
}

/** What a client hears about a stream message that was dropped. Spec: section 16.6. */
function streamError(
  update: StreamMessageRequest['update'],
  error: unknown,
): StreamMessageResponse {
  const value: StreamError = {
    canonicalCode: statusOf(error),
    message: briefMessage(error),
    space: '',
    code: 0,
    details: culprit(update),
  };
  return { update: { $case: 'error', value } };
}

function culprit(update: StreamMessageRequest['update']): StreamError['details'] {
  switch (update?.$case) {
    case 'packet':
      return { $case: 'packetOut', value: { packetOut: update.value } };
    case 'digestAck':
      return { $case: 'digestListAck', value: { digestListAck: update.value } };
    case 'other':
      return { $case: 'other', value: { other: update.value } };
    default:
      return { $case: 'other', value: { other: undefined } };
  }
}
