/**
 * One capture of 100,000 packets through a switch that uses files for interfaces: `umbra switch`
 * and, where it is installed, simple_switch_grpc, in the same run, both with router.p4 and the same
 * entries. Our time is from the reading of the first packet until the last one is in the output
 * file, as the switch says it; the other's is from its first to its last packet out, by the times
 * that it writes into the output file.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { shippedFile } from '../../src/base/paths.js';
import { loadProgram } from '../../src/app/index.js';
import { ProductionDevice } from '../../src/device/index.js';
import { GrpcChannel, ruleEntity } from '../../src/p4runtime/index.js';
import { foldChecksum, sumWords, writeCapture, writeIpv4 } from '../../src/packet/index.js';
import { Update_Type } from '../../src/proto/index.js';
import { findProgram } from '../live/requirements.js';
import {
  freeAddress,
  listening,
  startProcess,
  umbraSwitch,
  type SwitchProgram,
} from '../vethLab.js';
import type { Benchmark } from './row.js';

const PACKETS = 100_000;
const ROUTES = 100;
const FRAME_BYTES = 64;
const RECORD_BYTES = FRAME_BYTES + 16;
const HEADER_BYTES = 24;
const ROUNDS = 3;
/** Time for the controller to write its entries, s. */
const WAIT_SECONDS = 3;
const PEER = 'simple_switch_grpc';
const DEADLINE_MS = 60_000;
/** An output file that does not grow for so long is complete. */
const STILL_MS = 700;

const json = shippedFile('test/programs/build/router.json');
const config = loadProgram({ json, p4info: json.replace(/json$/, 'p4info.txtpb') });

/** Packets to ROUTES networks, ten microseconds apart. */
function capture(): Uint8Array {
  const packets = Array.from({ length: PACKETS }, (_, i) => {
    const frame = new Uint8Array(FRAME_BYTES);
    frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]);
    writeIpv4(frame, 14, 50, 17, 0x0a000001, 0x0a010000 + ((i % ROUTES) << 8) + 1, i & 0xffff);
    frame.set([i >> 8, i & 255, 0, 80, 0, 30, 0, 0], 34);
    if (foldChecksum(sumWords(frame, 14, 20)) !== 0) throw new Error('a wrong checksum');
    return { timeNs: i * 10_000, frame, wireLength: FRAME_BYTES };
  });
  return writeCapture(packets);
}

async function writeEntries(address: string): Promise<void> {
  const channel = new GrpcChannel(address);
  const device = await ProductionDevice.open({ name: 's1', channel, deviceId: 1n, config });
  await device.write(
    Array.from({ length: ROUTES }, (_, i) => ({
      type: Update_Type.INSERT,
      entity: ruleEntity(device.schema, {
        table: 'routes',
        match: { 'hdr.ipv4.destination': `10.1.${i}.0/24` },
        action: 'forward',
        params: { next_hop: '02:00:00:00:00:09', port: '2' },
      }),
    })),
  );
  device.close();
  channel.close();
}

/** Runs one switch on the capture `a_in.pcap` of `folder`; packets per second. */
async function measure(
  program: SwitchProgram,
  folder: string,
  rate: (output: string, file: Buffer) => number,
): Promise<number> {
  const address = await freeAddress();
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  const out = `${b}_out.pcap`;
  rmSync(out, { force: true });
  const flags = ['--device-id', '1', '--use-files', String(WAIT_SECONDS), '--no-p4'];
  const ports = ['-i', `1@${a}`, '-i', `2@${b}`, '--', '--grpc-server-addr', address];
  const running = startProcess(program.command, [...program.before, ...flags, ...ports]);
  try {
    await until(() => existsSync(out));
    await listening(address);
    await writeEntries(address);
    // Done when it has begun and then stood still: a switch may drop some.
    let size = 0;
    let lastChange = performance.now();
    await until(() => {
      const now = statSync(out).size;
      if (now !== size) lastChange = performance.now();
      size = now;
      return size > HEADER_BYTES && performance.now() - lastChange > STILL_MS;
    });
    return rate(running.output(), readFileSync(out));
  } finally {
    running.process.kill('SIGKILL');
    await running.ended;
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!isTrue()) {
    if (performance.now() > end) throw new Error('the switch did not finish');
    await sleep(20);
  }
}

/** By what `umbra switch` says, when every packet came out. */
function ownRate(output: string, file: Buffer): number {
  const seconds = /packets in, .* in ([\d.]+) s/.exec(output)?.[1];
  const packets = (file.length - HEADER_BYTES) / RECORD_BYTES;
  if (seconds === undefined || packets !== PACKETS) throw new Error(`${packets} out: ${output}`);
  return PACKETS / Number(seconds);
}

/** By the times of the packets in the output file, in microseconds. */
function rateByTimes(_output: string, file: Buffer): number {
  const packets = Math.floor((file.length - HEADER_BYTES) / RECORD_BYTES);
  const timeAt = (i: number): number => {
    const at = HEADER_BYTES + i * RECORD_BYTES;
    return file.readUInt32LE(at) + file.readUInt32LE(at + 4) / 1e6;
  };
  return (packets - 1) / (timeAt(packets - 1) - timeAt(0));
}

export const run: Benchmark = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-files-'));
  try {
    writeFileSync(join(folder, 'a_in.pcap'), capture());
    writeFileSync(join(folder, 'b_in.pcap'), writeCapture([]));
    let ours = 0;
    for (let round = 0; round < ROUNDS; round++) {
      ours = Math.max(ours, await measure(umbraSwitch, folder, ownRate));
    }
    const path = findProgram(PEER);
    const theirs = path && (await measure({ command: path, before: [] }, folder, rateByTimes));
    return [
      {
        name: `files, router.p4, ${PACKETS} packets of ${FRAME_BYTES} bytes, a fresh process`,
        value: ours,
        unit: 'packets/s',
        goal: 'ratio >= 30',
        ...(theirs && { peer: { name: PEER, value: theirs }, ratio: ours / theirs }),
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
};
