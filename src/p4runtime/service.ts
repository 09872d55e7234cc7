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
import { isPlain, PlainEntryReader } from './plainEntry.js';
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
import { Field } from './updateScanner.js';
import { validateUpdate } from './validate.js';
import type { WireWrite } from './wireWrite.js';

/** The version of the specification that is served. */
export const API_VERSION = '1.5.0';

interface Device {
  target: Target;
  arbitration: Arbitration;
  /** Of the target's present pipeline. */
  told: Told | undefined;
}

/** What a pipeline's P4Info says. */
class Told {
  readonly #readers = new Map<number, PlainEntryReader>();

  constructor(
    readonly of: ForwardingPipelineConfig,
    readonly schema: Schema,
  ) {
    for (const table of schema.tables.all) {
      if (isPlain(table)) this.#readers.set(table.id, new PlainEntryReader(table));
    }
  }

  /** Of a table whose entries can be plain. */
  readerOf(tableId: number): PlainEntryReader | undefined {
    return this.#readers.get(tableId);
  }
}

type WriteAt = (device: Device, told: Told, index: number) => void;

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
      this.#devices.set(target.deviceId, { target, arbitration, told: undefined });
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
    const { updates } = request;
    this.#write(request, updates.length, ({ target }, { schema }, index) => {
      writeOne(target, schema, updates[index]!);
    });
  }

  /** The same for a request as it came. */
  writeWire(write: WireWrite): void {
    this.#write(write.head, write.count, ({ target }, told, index) => {
      const record = write.recordOf(index);
      if (record >= 0) {
        const reader = told.readerOf(write.records[record + Field.tableId]!);
        const type = write.records[record + Field.type]!;
        if (reader?.read(write, record) && target.writePlain(type, reader)) return;
      }
      writeOne(target, told.schema, write.update(index));
    });
  }

  #write(head: WriteRequest, count: number, writeAt: WriteAt): void {
    const device = this.#device(head.deviceId);
    device.arbitration.requirePrimary(head.role, head.electionId);
    const told = this.#told(device);
    const where = `device ${head.deviceId}`;
    const write = (index: number): void => writeAt(device, told, index);
    switch (head.atomicity) {
      case Atomicity.CONTINUE_ON_ERROR:
        writeEach(count, write, where);
        return;
      case Atomicity.ROLLBACK_ON_ERROR:
      case Atomicity.DATAPLANE_ATOMIC:
        device.target.atomically(() => writeAll(count, write, where));
        return;
      default:
        throw invalid(`unknown atomicity ${head.atomicity}`);
    }
  }

  /** What the good requests name, and an error when there are bad ones. */
  read(request: ReadRequest): { entities: Entity[]; error: ReadError | undefined } {
    const device = this.#device(request.deviceId);
    this.#told(device);
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

  #told(device: Device): Told {
    const config = device.target.pipeline();
    if (!config?.p4info) {
      throw new StatusError(Code.FAILED_PRECONDITION, 'no pipeline has been set');
    }
    if (device.told?.of !== config) device.told = new Told(config, new Schema(config.p4info));
    return device.told;
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
function writeEach(count: number, write: (index: number) => void, where: string): void {
  const failures: UpdateFailure[] = [];
  for (let index = 0; index < count; index++) {
    try {
      write(index);
    } catch (error) {
      failures.push({ index, status: statusOf(error), message: briefMessage(error) });
    }
  }
  if (failures.length > 0) throw new WriteError(failures, count, where);
}

/** Stops at the first update that fails; none of the others counts then. */
function writeAll(count: number, write: (index: number) => void, where: string): void {
  for (let index = 0; index < count; index++) {
    try {
      write(index);
    } catch (error) {
      const failures = Array.from({ length: count }, (_, i): UpdateFailure => {
        return i === index
          ? { index, status: statusOf(error), message: briefMessage(error) }
          : { index: i, status: Code.ABORTED, message: '' };
      });
      throw new WriteError(failures, count, where);
    }
  }
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
