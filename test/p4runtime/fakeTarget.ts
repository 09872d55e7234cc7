/** A device that only remembers: entities in a map by their key, with the specification's reads. */
import {
  Code,
  entityKey,
  StatusError,
  type Target,
  type TargetListener,
} from '../../src/p4runtime/index.js';
import {
  Update_Type,
  type DigestList,
  type DigestListAck,
  type Entity,
  type ForwardingPipelineConfig,
  type PacketIn,
  type PacketOut,
  type TableEntry,
  type Update,
} from '../../src/proto/index.js';

/** A target for tests of the server and of clients. */
export class FakeTarget implements Target {
  readonly entities = new Map<string, Entity>();
  readonly packetsOut: PacketOut[] = [];
  readonly acks: DigestListAck[] = [];
  /** Entities that fit; more is refused with RESOURCE_EXHAUSTED. */
  capacity = Infinity;
  commits = 0;
  #listener: TargetListener | undefined;

  constructor(
    readonly deviceId: bigint,
    private config?: ForwardingPipelineConfig,
  ) {}

  pipeline(): ForwardingPipelineConfig | undefined {
    return this.config;
  }

  verify(config: ForwardingPipelineConfig): void {
    if (config.p4DeviceConfig.length === 0) {
      throw new StatusError(Code.INVALID_ARGUMENT, 'empty device config');
    }
  }

  commit(config: ForwardingPipelineConfig): void {
    this.config = config;
    this.entities.clear();
    this.commits++;
  }

  saveConfig(config: ForwardingPipelineConfig): void {
    this.commit(config);
  }

  commitSaved(): void {
    throw new StatusError(Code.NOT_FOUND, 'nothing is saved');
  }

  reconcile(config: ForwardingPipelineConfig): void {
    this.config = config;
  }

  atomically(batch: () => void): void {
    const before = new Map(this.entities);
    try {
      batch();
    } catch (error) {
      this.entities.clear();
      for (const [key, entity] of before) this.entities.set(key, entity);
      throw error;
    }
  }

  /** It keeps messages. */
  writePlain(): boolean {
    return false;
  }

  write({ type, entity }: Update): void {
    const key = entityKey(entity!);
    const isKnown = this.entities.has(key);
    const isLasting =
      entity!.entity?.$case === 'tableEntry' && entity!.entity.value.isDefaultAction;
    if (type === Update_Type.INSERT && isKnown) {
      throw new StatusError(Code.ALREADY_EXISTS, `${key} exists`);
    }
    if (type !== Update_Type.INSERT && !isKnown && !isLasting) {
      throw new StatusError(Code.NOT_FOUND, `no ${key}`);
    }
    if (type === Update_Type.INSERT && this.entities.size >= this.capacity) {
      throw new StatusError(Code.RESOURCE_EXHAUSTED, `${this.capacity} entities at most`);
    }
    if (type === Update_Type.DELETE) this.entities.delete(key);
    else this.entities.set(key, entity!);
  }

  read(request: Entity): Entity[] {
    const wanted = request.entity!;
    if (wanted.$case === 'valueSetEntry') {
      throw new StatusError(Code.UNIMPLEMENTED, 'value sets are not implemented');
    }
    return [...this.entities.values()].filter(({ entity }) => {
      if (entity?.$case !== wanted.$case) return false;
      if (wanted.$case === 'tableEntry' && entity.$case === 'tableEntry') {
        return isWanted(wanted.value, entity.value);
      }
      const key = entityKey(request);
      return (
        key
          .split('/')
          .slice(1)
          .every((part) => part === '0') || key === entityKey({ entity })
      );
    });
  }

  packetOut(packet: PacketOut): void {
    this.packetsOut.push(packet);
  }

  digestAck(ack: DigestListAck): void {
    this.acks.push(ack);
  }

  listen(listener: TargetListener): void {
    this.#listener = listener;
  }

  /** The device sends a packet to its controller. */
  emitPacket(packet: PacketIn): void {
    this.#listener!.packetIn(packet);
  }

  /** The device sends a digest to its controller. */
  emitDigest(list: DigestList): void {
    this.#listener!.digest(list);
  }
}

function isWanted(wanted: TableEntry, have: TableEntry): boolean {
  const sameKey = (): boolean =>
    entityKey({
      entity: { $case: 'tableEntry', value: { ...wanted, priority: have.priority } },
    }) === entityKey({ entity: { $case: 'tableEntry', value: have } });
  return (
    wanted.isDefaultAction === have.isDefaultAction &&
    (wanted.tableId === 0 || wanted.tableId === have.tableId) &&
    (wanted.priority === 0 || wanted.priority === have.priority) &&
    (wanted.match.length === 0 || sameKey())
  );
}
