import { readFileSync } from 'node:fs';
import test from 'ava';
import { shippedFile } from '../../src/base/paths.js';
import { demoTraffic, readTopology, type Topology } from '../../src/topology/index.js';

type Json = Record<string, unknown>;

/** Two hosts on two switches, in p4lang's form; a case changes what it is about. */
function small(change: Json = {}): Json {
  return {
    hosts: { h1: { ip: '10.0.1.1/24' }, h2: { ip: '10.0.2.2/24' } },
    switches: { s1: { runtime_json: 'x.json' }, s2: {} },
    links: [
      ['h1', 's1-p1'],
      ['h2', 's2-p1'],
      ['s1-p2', 's2-p2', '5ms', '10'],
    ],
    ...change,
  };
}

const read = (json: unknown): Topology => readTopology(JSON.stringify(json), 'nets/x.json');
const withLinks = (...more: unknown[]): Json =>
  small({ links: [...(small()['links'] as []), ...more] });
const withHost = (host: unknown): Json => small({ hosts: { h1: host, h2: { ip: '10.0.2.2' } } });
const withTraffic = (flow: Json): Json =>
  small({ traffic: [{ client: 'h1', server: 'h2', ...flow }] });

test('p4lang: hosts, gateways, switches, delays and bandwidths', (t) => {
  const commands = ['route add default gw 10.0.1.10 dev eth0', 'arp -i eth0 -s 10.0.1.10 0:0'];
  const hosts = {
    h1: { ip: '10.0.1.1/24', mac: '08:00:00:00:01:11', commands },
    h2: { ip: '10.0.2.2/24' },
  };
  const net = read(small({ hosts }));
  t.is(net.name, 'x');
  t.deepEqual(net.hosts[0], {
    name: 'h1',
    ip: '10.0.1.1',
    mac: '08:00:00:00:01:11',
    prefixLength: 24,
    gateway: '10.0.1.10',
    services: [],
  });
  t.like(net.hosts[1], { mac: '02:00:0a:00:02:02', gateway: '10.0.2.254' });
  t.deepEqual(
    net.switches.map((s) => [s.name, s.deviceId]),
    [
      ['s1', 1],
      ['s2', 2],
    ],
  );
  t.deepEqual(
    net.links.map((l) => [l.name, l.delayNs, l.bandwidthMbps]),
    [
      ['h1-s1', 10_000, 1000],
      ['h2-s2', 10_000, 1000],
      ['s1-s2', 5e6, 10],
    ],
  );
  t.deepEqual(net.links[2]!.a, { node: 's1', port: 2 });
});

const delays = [
  ['0', 0],
  [3, 3e6],
  ['1.5us', 1500],
  ['20ns', 20],
  ['2s', 2e9],
] as const;
for (const [text, ns] of delays) {
  test(`a delay of ${text}`, (t) => {
    t.is(read(withLinks(['s1-p9', 's2-p9', text])).links[3]!.delayNs, ns);
  });
}

test('bandwidths below one, and parallel links with their ports', (t) => {
  const { links } = read(withLinks(['s1-p9', 's2-p9', '0', 0.5]));
  t.deepEqual(
    links.slice(2).map((l) => l.name),
    ['s1:2-s2:2', 's1:9-s2:9'],
  );
  t.is(links[3]!.bandwidthMbps, 0.5);
});

for (const [ip, gateway] of [
  ['10.0.1.0/31', '10.0.1.1'],
  ['10.0.1.11/31', '10.0.1.10'],
  ['10.0.1.65/26', '10.0.1.126'],
  ['10.0.1.254/24', '10.0.1.253'],
  ['10.0.1.1/16', '10.0.1.254'],
  ['10.0.1.1', '10.0.1.254'],
] as const) {
  test(`the gateway of ${ip}`, (t) => t.is(read(withHost({ ip })).hosts[0]!.gateway, gateway));
}

test("Umbra's own form: everything that can be said", (t) => {
  const service = { name: 'web', protocol: 'http', port: 80, meanMs: 2, responseBytes: 100 };
  const net = read({
    name: 'own',
    description: 'a test',
    switches: { 'leaf-1': { id: 7, mac: '02:00:00:00:00:07', loopback: '10.9.9.9' } },
    hosts: {
      a: { ip: '10.0.1.1/24', gateway: '10.0.1.9', ip6: '2001:db8::1', services: [service] },
      b: { ip: '10.0.1.2/24' },
    },
    links: [
      { a: 'a', b: 'leaf-1:3', bandwidthMbps: 100, delay: '1us', queueBytes: 1000 },
      { a: 'leaf-1:4', b: 'b' },
    ],
    traffic: [{ kind: 'ping', client: 'a', server: 'b', intervalMs: 5 }],
  });
  t.deepEqual(net.switches, [
    { name: 'leaf-1', deviceId: 7, mac: '02:00:00:00:00:07', loopback: '10.9.9.9' },
  ]);
  t.like(net.hosts[0], { gateway: '10.0.1.9', ip6: '2001:db8::1', services: [service] });
  t.deepEqual(net.links[0], {
    name: 'a-leaf-1',
    a: { node: 'a', port: 0 },
    b: { node: 'leaf-1', port: 3 },
    bandwidthMbps: 100,
    delayNs: 1000,
    queueBytes: 1000,
  });
  t.deepEqual(net.traffic, [
    { kind: 'ping', name: 'ping a-b', client: 'a', server: 'b', intervalNs: 5e6 },
  ]);
});

test('traffic: every kind with its defaults', (t) => {
  const flow = (json: Json): unknown => read(withTraffic(json)).traffic[0];
  const ends = { client: 'h1', server: 'h2' };
  t.deepEqual(flow({ kind: 'http', requestsPerSecond: 3 }), {
    kind: 'http',
    name: 'http h1-h2',
    ...ends,
    port: 80,
    requestsPerSecond: 3,
    requestBytes: 400,
    responseBytes: 10_000,
    serviceNs: 1e6,
  });
  t.deepEqual(flow({ kind: 'bulk', name: 'b' }), {
    kind: 'bulk',
    name: 'b',
    ...ends,
    port: 5001,
    transferBytes: 0,
    transfersPerSecond: 0,
  });
  t.deepEqual(flow({ kind: 'udp', packetsPerSecond: 9, port: 53 }), {
    kind: 'udp',
    name: 'udp h1-h2',
    ...ends,
    port: 53,
    packetsPerSecond: 9,
    payloadBytes: 200,
  });
});

test('a file without traffic gets some; an empty list stays empty', (t) => {
  const { traffic, hosts } = read(small());
  t.deepEqual(traffic, demoTraffic(hosts));
  t.is(new Set(traffic.map((flow) => flow.name)).size, traffic.length);
  t.deepEqual(new Set(traffic.map((flow) => flow.kind)), new Set(['http', 'bulk', 'udp', 'ping']));
  t.deepEqual(read(small({ traffic: [] })).traffic, []);
  t.deepEqual(demoTraffic([{ name: 'alone' }]), []);
});

for (const name of ['leaf-spine', 'triangle']) {
  test(`topologies/${name}.json`, (t) => {
    const path = `topologies/${name}.json`;
    const net = readTopology(readFileSync(shippedFile(path), 'utf8'), path);
    t.is(net.name, name);
    t.true(net.hosts.length >= 3 && net.switches.length >= 3 && net.traffic.length >= 3);
  });
}

const bad: [string, unknown, RegExp | string][] = [
  ['a list', [], 'nets/x.json: must be an object'],
  ['an unknown key', small({ nodes: {} }), /^nets\/x.json: unknown key 'nodes'; known are name,/],
  ['no switch', small({ switches: {} }), 'nets/x.json: a network needs a switch'],
  ['hosts as a list', small({ hosts: [] }), "nets/x.json: 'hosts' must be an object"],
  ['links as an object', small({ links: {} }), "nets/x.json: 'links' must be a list"],
  ['a host key', withHost({ ip: '10.0.1.1', color: 1 }), /hosts.h1: unknown key 'color'/],
  ['a host without address', withHost({}), "nets/x.json: hosts.h1: 'ip' is missing"],
  ['a bad address', withHost({ ip: '10.0.1.256/24' }), /hosts.h1.ip: not an IPv4 address/],
  ['a bad prefix', withHost({ ip: '10.0.1.1/33' }), /hosts.h1: 'ip': prefix length '33'/],
  ['two prefixes', withHost({ ip: '10.0.1.1/24/8' }), /hosts.h1: 'ip': prefix length '24\/8'/],
  ['a bad MAC', withHost({ ip: '10.0.1.1', mac: 'x' }), /hosts.h1.mac: not a MAC address: 'x'/],
  ['a bad IPv6', withHost({ ip: '10.0.1.1', ip6: 'x' }), /hosts.h1.ip6: not an IPv6 address/],
  ['a far gateway', withHost({ ip: '10.0.1.1/24', gateway: '10.0.3.1' }), /not in 10.0.1.1\/24/],
  ['itself as gateway', withHost({ ip: '10.0.1.1/24', gateway: '10.0.1.1' }), /is the host itself/],
  [
    'bad commands',
    withHost({ ip: '10.0.1.1', commands: [1] }),
    /'commands' must be a list of texts/,
  ],
  [
    'two with one address',
    withHost({ ip: '10.0.2.2' }),
    "nets/x.json: 'h1' and 'h2' share 10.0.2.2",
  ],
  ['a switch id of 0', small({ switches: { s1: { id: 0 }, s2: {} } }), /switches.s1: 'id' must be/],
  [
    'two with one id',
    small({ switches: { s1: { id: 2 }, s2: {} } }),
    "nets/x.json: 's1' and 's2' share id 2",
  ],
  [
    'one name for two',
    small({ switches: { s1: {}, s2: {}, h1: {} } }),
    "nets/x.json: two nodes are called 'h1'",
  ],
  ['an unknown switch', withLinks(['s1-p3', 's9-p1']), "nets/x.json: links[3]: no switch 's9'"],
  ['an unknown node', withLinks(['s1-p3', 'h9']), "nets/x.json: links[3]: no host or switch 'h9'"],
  ['no port', withLinks(['s1-p3', 's2']), /links\[3\]: 's2' names no port; write 's2:1'/],
  ['a high port', withLinks(['s1-p3', 's2-p500']), /port 500 of 's2'; ports are below 500/],
  [
    'a port used twice',
    withLinks(['s1-p2', 's2-p3']),
    'nets/x.json: links[3]: s1 port 2 is already used by links[2]',
  ],
  ['a host linked twice', withLinks(['h1', 's2-p3']), /h1 port 0 is already used by links\[0\]/],
  [
    'a host without link',
    small({ links: [['h1', 's1-p1']] }),
    "nets/x.json: host 'h2' has no link",
  ],
  ['a loop', withLinks(['s1-p3', 's1-p4']), "nets/x.json: links[3]: both ends are 's1'"],
  ['host to host', small({ links: [['h1', 'h2']] }), /joins the hosts 'h1' and 'h2'/],
  ['one end', withLinks(['s1-p3']), /links\[3\]: 1 items/],
  ['five items', withLinks(['s1-p3', 's2-p3', '0', 1, 2]), /links\[3\]: 5 items/],
  ['no link at all', withLinks(7), 'nets/x.json: links[3]: must be an object'],
  ['a bad delay', withLinks(['s1-p3', 's2-p3', 'soon']), /links\[3\]: 'soon' is no delay/],
  ['a bad bandwidth', withLinks(['s1-p3', 's2-p3', '0', 0]), /links\[3\]: '0' is no bandwidth/],
  ['a link key', withLinks({ a: 's1:3', b: 's2:3', speed: 1 }), /links\[3\]: unknown key 'speed'/],
  ['a missing end', withLinks({ a: 's1:3' }), "nets/x.json: links[3]: 'b' is missing"],
  ['an unknown kind', withTraffic({ kind: 'ftp' }), /traffic\[0\]: 'kind' is 'ftp'; known are/],
  ['an unknown client', withTraffic({ kind: 'ping', client: 'x' }), /'client': no host 'x'/],
  [
    'one at both ends',
    withTraffic({ kind: 'ping', server: 'h1' }),
    /'h1' is both client and server/,
  ],
  [
    'a rate of 0',
    withTraffic({ kind: 'http', requestsPerSecond: 0 }),
    /'requestsPerSecond' must be above 0/,
  ],
  [
    'a negative rate',
    withTraffic({ kind: 'udp', packetsPerSecond: -1 }),
    /must be a number, 0 or more/,
  ],
  ['no rate', withTraffic({ kind: 'udp' }), /traffic\[0\]: 'packetsPerSecond' is missing/],
  [
    'a port of 70000',
    withTraffic({ kind: 'bulk', port: 70000 }),
    /'port' must be a whole number, 1 to 65535/,
  ],
  [
    'a datagram too long',
    withTraffic({ kind: 'udp', packetsPerSecond: 1, payloadBytes: 9000 }),
    /1 to 1472/,
  ],
  ['a flow key', withTraffic({ kind: 'ping', port: 1 }), /traffic\[0\]: unknown key 'port'/],
];

for (const [name, json, message] of bad) {
  test(`refused: ${name}`, (t) => {
    t.throws(() => read(json), { code: 'INVALID_TOPOLOGY', message });
  });
}

test('refused: two flows of one name', (t) => {
  const flow = { kind: 'ping', client: 'h1', server: 'h2' };
  const message = "nets/x.json: traffic[1]: 'ping h1-h2' is already the name of traffic[0]";
  t.throws(() => read(small({ traffic: [flow, flow] })), { code: 'INVALID_TOPOLOGY', message });
});

test('refused: no JSON', (t) => {
  const message = /^nets\/x.json: not JSON: /;
  t.throws(() => readTopology('{', 'nets/x.json'), { code: 'INVALID_TOPOLOGY', message });
});
