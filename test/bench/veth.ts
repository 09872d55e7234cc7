/**
 * A switch process between two kernel hosts on veth pairs: `umbra switch` and, where it is
 * installed, simple_switch_grpc, one after the other in the same run, both with production.p4 and
 * the same entries. Needs root, namespaces and iperf3.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { findProgram, namespaces, program } from '../live/requirements.js';
import { freeAddress, umbraSwitch, VethLab, type SwitchProgram } from '../vethLab.js';
import type { Benchmark, BenchRow } from './row.js';

const SECONDS = 4;
const PINGS = 200;
const PEER = 'simple_switch_grpc';
/** Payload of a UDP datagram that makes a 64-byte frame with its check sequence. */
const SMALL_PAYLOAD = 18;

interface Figures {
  tcpMbps: number;
  udpPps: number;
  pingMs: number;
}

interface Iperf {
  error?: string;
  end: {
    sum_received?: { bits_per_second: number };
    sum?: { packets: number; lost_packets: number; seconds: number };
  };
}

function iperf(lab: VethLab, ...options: string[]): Iperf['end'] {
  const { output } = lab.inA('iperf3', '-c', '10.0.2.1', '-t', String(SECONDS), '-J', ...options);
  const result = JSON.parse(output) as Iperf;
  if (result.error !== undefined) throw new Error(`iperf3: ${result.error}`);
  return result.end;
}

/** One switch, measured from both hosts. */
async function measure(program: SwitchProgram, name: string): Promise<Figures> {
  const lab = new VethLab(name);
  try {
    const address = await freeAddress();
    await lab.start(program, address, ['--no-p4', '--device-id', '1', ...lab.portFlags]);
    await lab.setRoutes(address);
    lab.namespaces.start('b', ['iperf3', '-s']);
    lab.inA('ping', '-c', '20', '-i', '0.05', '10.0.2.1');
    await sleep(200);
    const tcp = iperf(lab);
    const udp = iperf(lab, '-u', '-b', '0', '-l', String(SMALL_PAYLOAD)).sum!;
    await sleep(500);
    const { output } = lab.inA('ping', '-c', String(PINGS), '-i', '0.01', '-q', '10.0.2.1');
    const rtt = /= [\d.]+\/([\d.]+)\//.exec(output);
    if (!rtt) throw new Error(`ping: ${output}`);
    return {
      tcpMbps: tcp.sum_received!.bits_per_second / 1e6,
      udpPps: (udp.packets - udp.lost_packets) / udp.seconds,
      pingMs: Number(rtt[1]),
    };
  } finally {
    lab.close();
  }
}

export const run: Benchmark = async () => {
  for (const need of [namespaces, program('iperf3'), program('ping'), program('ethtool')]) {
    const reason = need.check();
    if (reason === undefined) continue;
    process.stderr.write(`  skipped: ${reason}\n`);
    return [];
  }
  const ours = await measure(umbraSwitch, 'umbv');
  const path = findProgram(PEER);
  const theirs = path ? await measure({ command: path, before: [] }, 'umbw') : undefined;
  const row = (name: string, key: keyof Figures, unit: string, goal: string): BenchRow => ({
    name: `veth, production.p4: ${name}`,
    value: ours[key],
    unit,
    goal,
    ...(theirs && {
      peer: { name: PEER, value: theirs[key] },
      ratio: ours[key] / theirs[key],
    }),
  });
  return [
    row('TCP throughput', 'tcpMbps', 'Mbit/s', 'ratio >= 3'),
    row('64-byte UDP received', 'udpPps', 'packets/s', 'ratio >= 3'),
    row('ping, mean', 'pingMs', 'ms', 'ratio < 1'),
  ];
};
