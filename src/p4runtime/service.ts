/** P4Runtime's calls on a set of targets, whatever transport they came by. */
import {
  GetForwardingPipelineConfigRequest_ResponseType as ResponseType,
  SetForwardingPipelineConfigRequest_Action as Action,
  WriteRequest_Atomicity,
  type Entity,
  type ForwardingPipelineConfig,
  type GetForwardingPipelineConfigRequest,
  type ReadRequest,
  type SetForwardingPipelineConfigRequest,
  type StreamMessageRequest,
  type StreamMessageResponse,
  type WriteRequest,
} from '../proto/index.js';
import { defined } from '../base/assert.js';
import { Arbitration, type Contender } from './arbitration.js';
import { Schema } from './schema.js';
import {
  briefMessage,
  Code,
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

/** The service. All calls are synchronous: what they did acts when they return. */
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
      });
    }
  }

  capabilities(deviceId: bigint): { p4runtimeApiVersion: string } {
    if (deviceId !== 0n) this.#device(deviceId);
    return { p4runtimeApiVersion: API_VERSION };
  }

  /** Throws a WriteError with the updates that failed; the others are carried out. */
  write(request: WriteRequest): void {
    const device = this.#device(request.deviceId);
    device.arbitration.requirePrimary(request.role, request.electionId);
    const schema = this.#schema(device);
    if (request.atomicity !== WriteRequest_Atomicity.CONTINUE_ON_ERROR) {
      throw new StatusError(Code.UNIMPLEMENTED, 'atomic batches are not implemented');
    }
    const failures: UpdateFailure[] = [];
    request.updates.forEach((update, index) => {
      try {
        if (!update.entity) throw new StatusError(Code.INVALID_ARGUMENT, 'no entity');
        validateUpdate(schema, update.type, update.entity);
        device.target.write(update);
      } catch (error) {
        failures.push({ index, status: statusOf(error), message: briefMessage(error) });
      }
    });
    if (failures.length > 0) {
      throw new WriteError(failures, request.updates.length, `device ${request.deviceId}`);
    }
  }

  /** What the good requests name, and an error when there are bad ones. */
  read(request: ReadRequest): { entities: Entity[]; error: ReadError | undefined } {
    const device = this.#device(request.deviceId);
    this.#schema(device);
    const failures: UpdateFailure[] = [];
    const entities = request.entities.flatMap((entity, index) => {
      try {
        if (!entity.entity) throw new StatusError(Code.INVALID_ARGUMENT, 'entity without a kind');
        return device.target.read(entity);
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
    const device = this.#device(request.deviceId);
    device.arbitration.requirePrimary(request.role, request.electionId);
    const { config } = request;
    const isVerify = request.action === Action.VERIFY;
    if (!isVerify && request.action !== Action.VERIFY_AND_COMMIT) {
      const isKnown = request.action > Action.UNSPECIFIED;
      const code = isKnown ? Code.UNIMPLEMENTED : Code.INVALID_ARGUMENT;
      throw new StatusError(code, 'VERIFY and VERIFY_AND_COMMIT are implemented');
    }
    if (!config?.p4info) throw new StatusError(Code.INVALID_ARGUMENT, 'no P4Info');
    const schema = new Schema(config.p4info);
    device.target.verify(config);
    if (isVerify) return;
    device.target.commit(config);
    device.schema = { of: defined(device.target.pipeline(), 'pipeline'), schema };
  }

  getPipeline(request: GetForwardingPipelineConfigRequest): ForwardingPipelineConfig | undefined {
    const config = this.#device(request.deviceId).target.pipeline();
    if (!config) return undefined;
    const { responseType } = request;
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

  /** Throws the status with which the stream must end. */
  receive(message: StreamMessageRequest): void {
    if (!this.#isOpen) return;
    const update = message.update;
    switch (update?.$case) {
      case 'arbitration': {
        const device = this.findDevice(update.value.deviceId);
        if (this.#device !== undefined && this.#device !== device) {
          throw new StatusError(Code.FAILED_PRECONDITION, 'a stream keeps its device');
        }
        this.#device = device;
        device.arbitration.update(this.#contender, update.value);
        return;
      }
      case 'packet':
        if (this.#device?.arbitration.isPrimary(this.#contender)) {
          this.#device.target.packetOut(update.value);
        }
        return;
      case 'digestAck':
        if (this.#device?.arbitration.isPrimary(this.#contender)) {
          this.#device.target.digestAck(update.value);
        }
        return;
      default:
        throw new StatusError(Code.INVALID_ARGUMENT, 'unknown stream message');
    }
  }

  close(): void {
    this.#isOpen = false;
    this.#device?.arbitration.leave(this.#contender);
  }
}
