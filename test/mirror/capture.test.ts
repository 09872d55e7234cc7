import test from 'ava';
import { topologyFromCapture } from '../../src/mirror/index.js';
import { readCapture, TcpFlag, writeCapture, type CapturedPacket } from '../../src/packet/index.js';
import { Graph, type Topology } from '../../src/topology/index.js';
import { echoFrame, insert, tcpFrame, udpFrame } from '../packet/frames.js';

const { SYN, ACK, RST } = TcpFlag;

/** Frames one after the other, a millisecond apart, as a capture file that is read again. */
function capture(frames: Uint8Array[]): Iterable<CapturedPacket> {
  const packets = frames.map((frame, i) => {
    return { timeNs: i * 1e6, frame, wireLength: frame.length };
  });
  return readCapture(writeCapture(packets), 'test.pcap');
}

const ask = (from: string, to: string, toPort = 53): Uint8Array =>
  udpFrame({ from, to, fromPort: 40_000, toPort }, 100);
const leafOf = (net: Topology, host: string): string =>
  net.links.find((link) => link.a.node === host)!.b.node;

test('hosts are named by their addresses, flows run between them, services are known', (t) => {
  const v4 = { from: '192.168.1.5', to: '8.8.8.8', fromPort: 40_000, toPort: 80 };
  const answer = { from: v4.to, to: v4.from, fromPort: 80, toPort: 40_000 };
  const made = topologyFromCapture(
    capture([
      tcpFrame(v4, SYN, 1),
      tcpFrame(answer, SYN | ACK, 1),
      tcpFrame(v4, ACK, 2, 'GET / HTTP/1.1\r\n'),
      tcpFrame(answer, ACK, 2, 900),
      ask('2001:db8::5', '2001:db8::53'),
    ]),
    'test.pcap',
  );
  t.deepEqual(made.hostByAddress.get('2001:db8::53'), 'h-2001-db8--53');
  t.deepEqual(
    made.flows.map((flow) => [flow.kind, flow.client, flow.server]),
    [
      ['http', 'h-192-168-1-5', 'h-8-8-8-8'],
      ['udp', 'h-2001-db8--5', 'h-2001-db8--53'],
    ],
  );
  t.like(made.flows[0], { requestsPerSecond: 1, responseBytes: 900 });
  t.is(made.topology.traffic, made.flows);
  t.is(made.topology.name, 'test.pcap');
  const server = made.topology.hosts.find((host) => host.name === 'h-8-8-8-8')!;
  t.like(server.services[0], { name: 'http-80', protocol: 'http', port: 80, responseBytes: 900 });
  t.deepEqual(made.packets, {
    packets: 5,
    unicast: 5,
    ofDroppedHosts: 0,
    droppedHosts: 0,
    droppedFlows: 0,
  });
});

test('who talks sits on different leaves, so that paths cross the fabric', (t) => {
  const frames = [1, 2, 3, 4, 5, 6].flatMap((i) => [
    ask(`10.0.0.${i}`, '10.1.0.1'),
    ask(`10.0.0.${i}`, '10.1.0.2'),
  ]);
  const { topology, flows } = topologyFromCapture(capture(frames), 'x');
  t.is(flows.length, 12);
  t.true(flows.every((f) => leafOf(topology, f.client) !== leafOf(topology, f.server)));
  const graph = new Graph(topology);
  t.true(flows.every((f) => graph.shortestPaths(f.client, f.server).length === 2));
});

test('hosts and flows beyond the limits are dropped and counted', (t) => {
  const frames = [1, 2, 3, 4, 5].flatMap((i) =>
    new Array<Uint8Array>(7 - i).fill(ask(`10.0.0.${i}`, '10.1.0.1')),
  );
  const made = topologyFromCapture(capture(frames), 'x', { hosts: 4, flows: 2 });
  t.deepEqual([...made.hostByAddress.keys()], ['10.1.0.1', '10.0.0.1', '10.0.0.2', '10.0.0.3']);
  t.deepEqual(
    made.flows.map((flow) => flow.client),
    ['h-10-0-0-1', 'h-10-0-0-2'],
  );
  t.deepEqual(made.packets, {
    packets: 20,
    unicast: 20,
    ofDroppedHosts: 5,
    droppedHosts: 2,
    droppedFlows: 3,
  });
});

test('multicast, broadcast and what is not IP are no hosts', (t) => {
  const made = topologyFromCapture(
    capture([
      ask('10.0.0.1', '224.0.0.251'),
      ask('10.0.0.1', '255.255.255.255'),
      ask('fe80::1', 'ff02::fb'),
      ask('0.0.0.0', '10.0.0.1'),
      ask('::', 'fe80::1'),
      insert(ask('10.0.0.1', '10.0.0.9'), 12, [0x08, 0x06]),
      ask('10.0.0.1', '10.0.0.2'),
    ]),
    'x',
  );
  t.deepEqual([made.packets.packets, made.packets.unicast], [7, 1]);
  t.is(made.topology.hosts.length, 2);
});

test('a host that talks to itself becomes two', (t) => {
  const lo = { from: '127.0.0.1', to: '127.0.0.1' };
  const made = topologyFromCapture(
    capture([
      tcpFrame({ ...lo, fromPort: 5000, toPort: 80 }, ACK, 1, 40),
      tcpFrame({ ...lo, fromPort: 80, toPort: 5000 }, ACK, 1, 300),
    ]),
    'x',
  );
  t.like(made.flows, {
    0: { client: 'h-127-0-0-1-client', server: 'h-127-0-0-1', responseBytes: 300 },
    length: 1,
  });
  t.is(made.topology.hosts.length, 2);
});

test('pairs without an exchange are pings of their rate', (t) => {
  const refused = { from: '10.0.0.1', to: '10.0.0.2', fromPort: 9, toPort: 80 };
  const made = topologyFromCapture(
    capture([
      tcpFrame(refused, SYN, 1),
      tcpFrame({ from: refused.to, to: refused.from, fromPort: 80, toPort: 9 }, RST | ACK, 0),
    ]),
    'x',
  );
  t.deepEqual(
    made.flows.map((f) => [f.kind, f.name]),
    [['ping', 'ping h-10-0-0-1-h-10-0-0-2']],
  );
});

for (const frames of [[], [insert(ask('10.0.0.1', '10.0.0.2'), 12, [8, 6])]]) {
  test(`refused: ${frames.length} packets, none between hosts`, (t) => {
    const message = `x: ${frames.length} packets, none between two IP hosts`;
    t.throws(() => topologyFromCapture(capture(frames), 'x'), { code: 'INVALID_INPUT', message });
  });
}

test('the same capture gives the same network', (t) => {
  const frames = [echoFrame({ from: '10.0.0.3', to: '10.0.0.4' }, 1), ask('10.0.0.1', '10.0.0.2')];
  const make = (): unknown => topologyFromCapture(capture(frames), 'x');
  t.is(JSON.stringify(make()), JSON.stringify(make()));
});
