/** Counters, meters and registers between P4Runtime's messages and the switch's arrays. */
import { defined } from '../base/assert.js';
import {
  canonical,
  Code,
  padded,
  signedOf,
  StatusError,
  validateIndex,
  type ArraySchema,
  type Directory,
  type RegisterSchema,
  type Schema,
} from '../p4runtime/index.js';
import type {
  CounterData,
  CounterEntry,
  Entity,
  Index,
  MeterConfig,
  MeterCounterData,
  MeterEntry,
  RegisterEntry,
} from '../proto/index.js';
import type { ColourCounts, CounterValue, MeterRates, V1Switch } from '../v1model/index.js';

/** A counter's value as a message. */
export function counterData({ packets, bytes }: CounterValue): CounterData {
  return { packetCount: BigInt(packets), byteCount: BigInt(bytes) };
}

/** A counter's value from a message. */
export function counterValue({ packetCount, byteCount }: CounterData): CounterValue {
  return { packets: Number(packetCount), bytes: Number(byteCount) };
}

/** A meter's rates as a message; undefined for a meter that is always green. */
export function meterConfig(rates: MeterRates | undefined): MeterConfig | undefined {
  return (
    rates && {
      cir: BigInt(rates.committedRate),
      cburst: BigInt(rates.committedBurst),
      pir: BigInt(rates.peakRate),
      pburst: BigInt(rates.peakBurst),
      eburst: BigInt(rates.excessBurst ?? 0),
    }
  );
}

/** A checked configuration as a meter's rates; only that of one rate has an excess burst. */
export function meterRates(config: MeterConfig | undefined): MeterRates | undefined {
  if (!config) return undefined;
  const rates = {
    committedRate: Number(config.cir),
    committedBurst: Number(config.cburst),
    peakRate: Number(config.pir),
    peakBurst: Number(config.pburst),
  };
  return config.eburst === 0n ? rates : { ...rates, excessBurst: Number(config.eburst) };
}

/** What a meter has seen of each colour, as a message. */
export function colourData({ green, yellow, red }: ColourCounts): MeterCounterData {
  return { green: counterData(green), yellow: counterData(yellow), red: counterData(red) };
}

/** The cells that an index names; all without one. Throws INVALID_ARGUMENT, OUT_OF_RANGE. */
function indexes(array: ArraySchema, index: Index | undefined): number[] {
  validateIndex(array, index);
  if (index) return [Number(index.index)];
  return Array.from({ length: array.size }, (_, i) => i);
}

/** The arrays that an id names; all for 0. Throws NOT_FOUND. */
function arrays<T extends ArraySchema>(directory: Directory<T>, id: number): readonly T[] {
  if (id === 0) return directory.all;
  const found = directory.find(id);
  if (!found) throw new StatusError(Code.NOT_FOUND, `no ${directory.kind} ${id}`);
  return [found];
}

/** The counters that a request names. Throws NOT_FOUND, INVALID_ARGUMENT, OUT_OF_RANGE. */
export function readCounters(schema: Schema, v1: V1Switch, request: CounterEntry): Entity[] {
  return arrays(schema.counters, request.counterId).flatMap((array) => {
    const control = defined(v1.counters.get(array.name), array.name);
    return indexes(array, request.index).map((i): Entity => {
      const data = counterData(control.read(i));
      const value = { counterId: array.id, index: { index: BigInt(i) }, data };
      return { entity: { $case: 'counterEntry', value } };
    });
  });
}

/** Sets one counter, or all without an index; without data none. */
export function writeCounter(schema: Schema, v1: V1Switch, entry: CounterEntry): void {
  const array = schema.counters.get(entry.counterId);
  if (!entry.data) return;
  const control = defined(v1.counters.get(array.name), array.name);
  const value = counterValue(entry.data);
  for (const i of indexes(array, entry.index)) control.write(i, value);
}

/** The meters that a request names; counts by colour only when it asks for them. */
export function readMeters(schema: Schema, v1: V1Switch, request: MeterEntry): Entity[] {
  return arrays(schema.meters, request.meterId).flatMap((array) => {
    const control = defined(v1.meters.get(array.name), array.name);
    return indexes(array, request.index).map((i): Entity => {
      const value = {
        meterId: array.id,
        index: { index: BigInt(i) },
        config: meterConfig(control.get(i)),
        counterData: request.counterData && colourData(control.counts(i)),
      };
      return { entity: { $case: 'meterEntry', value } };
    });
  });
}

/** Sets one meter, or all without an index. */
export function writeMeter(schema: Schema, v1: V1Switch, entry: MeterEntry): void {
  const array = schema.meters.get(entry.meterId);
  const control = defined(v1.meters.get(array.name), array.name);
  const rates = meterRates(entry.config);
  for (const i of indexes(array, entry.index)) {
    control.set(i, rates);
    if (entry.counterData) control.resetCounts(i);
  }
}

/** The register cells that a request names. */
export function readRegisters(schema: Schema, v1: V1Switch, request: RegisterEntry): Entity[] {
  return arrays(schema.registers, request.registerId).flatMap((array) => {
    const control = defined(v1.registers.get(array.name), array.name);
    return indexes(array, request.index).map((i): Entity => {
      const bits = registerBytes(array, control.read(i));
      const data = { data: { $case: 'bitstring' as const, value: bits } };
      const value = { registerId: array.id, index: { index: BigInt(i) }, data };
      return { entity: { $case: 'registerEntry', value } };
    });
  });
}

function registerBytes({ isSigned, bitWidth }: RegisterSchema, bits: Uint8Array): Uint8Array {
  return isSigned ? signedOf(bits, bitWidth) : canonical(bits);
}

/** Sets one register cell, or all without an index. */
export function writeRegister(schema: Schema, v1: V1Switch, entry: RegisterEntry): void {
  const array = schema.registers.get(entry.registerId);
  const control = defined(v1.registers.get(array.name), array.name);
  const data = defined(entry.data?.data, 'checked data');
  if (data.$case !== 'bitstring') return;
  const value = padded(data.value, array.bitWidth, array.name, array.isSigned);
  for (const i of indexes(array, entry.index)) control.write(i, value);
}
