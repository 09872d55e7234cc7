import test from 'ava';
import {
  fatTree,
  farEnd,
  Graph,
  hostPorts,
  leafSpine,
  readTopology,
  type Topology,
} from '../../src/topology/index.js';

/** A generated network must survive the reader's checks: written as a file, it reads back. */
function reread(net: Topology): Topology {
  const end = (node: string, port: number): string =>
    net.hosts.some((host) => host.name === node) ? node : `${node}:${port}`;
  return readTopology(
    JSON.stringify({
      name: net.name,
      hosts: Object.fromEntries(
        net.hosts.map(({ name, ip, mac, prefixLength, gateway }) => {
          return [name, { ip: `${ip}/${prefixLength}`, mac, gateway }];
        }),
      ),
      switches: Object.fromEntries(net.switches.map((s) => [s.name, { id: s.deviceId }])),
      links: net.links.map((l) => ({
        a: end(l.a.node, l.a.port),
        b: end(l.b.node, l.b.port),
        delay: `${l.delayNs}ns`,
        bandwidthMbps: l.bandwidthMbps,
        queueBytes: l.queueBytes,
      })),
    }),
    'made.json',
  );
}

const generated: [string, Topology, number, number, number][] = [
  ['2 spines, 4 leaves, 2 hosts each', leafSpine(2, 4, 2), 8, 6, 16],
  ['1 spine, 1 leaf, 1 host', leafSpine(1, 1, 1), 1, 2, 2],
  ['names beyond nine stay unique', leafSpine(3, 12, 11), 132, 15, 168],
  ['a fat tree of 2', fatTree(2), 2, 5, 6],
  ['a fat tree of 4', fatTree(4), 16, 20, 48],
  ['a fat tree of 12', fatTree(12), 432, 180, 1296],
];

for (const [name, net, hosts, switches, links] of generated) {
  test(`generated: ${name}`, (t) => {
    const counts = [net.hosts.length, net.switches.length, net.links.length];
    t.deepEqual(counts, [hosts, switches, links]);
    t.deepEqual(reread(net), net);
    const graph = new Graph(net);
    const far = net.hosts.at(-1)!.name;
    t.true(net.hosts.every((host) => graph.distancesTo(far).has(host.name)));
  });
}

for (const make of [
  () => leafSpine(0, 1, 1),
  () => leafSpine(1, 0, 1),
  () => leafSpine(1, 1, 254),
  () => leafSpine(1.5, 1, 1),
  () => fatTree(3),
  () => fatTree(0),
  () => fatTree(NaN),
  () => fatTree(50),
]) {
  test(`refused: ${make.toString().slice(6)}`, (t) => {
    t.throws(make, { code: 'INVALID_INPUT' });
  });
}

const net = leafSpine(2, 3, 1);
const set = (...names: string[]): ReadonlySet<string> => new Set(names);
const paths = (graph: Graph, from: string, to: string): string[] =>
  graph.shortestPaths(from, to).map((path) => [from, ...path.map((hop) => hop.node)].join(' '));

test('next hops are all shortest ones, in the order of ports', (t) => {
  const hops = new Graph(net).nextHopsTo('h31');
  t.deepEqual(
    hops.get('leaf1')!.map((h) => h.node),
    ['spine1', 'spine2'],
  );
  t.deepEqual(hops.get('spine2'), [{ port: 3, node: 'leaf3', link: 'leaf3-spine2' }]);
  t.deepEqual(hops.get('leaf3'), [{ port: 1, node: 'h31', link: 'h31-leaf3' }]);
});

test('shortest paths, their limit, and none', (t) => {
  const graph = new Graph(net);
  t.deepEqual(paths(graph, 'h11', 'h31'), [
    'h11 leaf1 spine1 leaf3 h31',
    'h11 leaf1 spine2 leaf3 h31',
  ]);
  t.is(graph.shortestPaths('h11', 'h31', 1).length, 1);
  t.deepEqual(graph.shortestPaths('h11', 'h11'), [[]]);
  t.deepEqual(graph.shortestPaths('nowhere', 'h31'), []);
  t.is(new Graph(fatTree(4)).shortestPaths('h111', 'h411').length, 4);
});

test('paths avoid links and devices', (t) => {
  const around = (avoided: ConstructorParameters<typeof Graph>[1]): string[] =>
    paths(new Graph(net, avoided), 'h11', 'h31');
  t.deepEqual(around({ links: set('leaf3-spine1') }), ['h11 leaf1 spine2 leaf3 h31']);
  t.deepEqual(around({ devices: set('spine2') }), ['h11 leaf1 spine1 leaf3 h31']);
  t.deepEqual(around({ devices: set('spine1', 'spine2') }), []);
  const detour = { links: set('leaf1-spine1', 'leaf3-spine2') };
  t.deepEqual(around(detour), ['h11 leaf1 spine2 leaf2 spine1 leaf3 h31']);
});

test('no path leads through a host', (t) => {
  const split = leafSpine(1, 2, 1);
  const links = split.links.filter((link) => !link.name.includes('spine'));
  const ends = { a: { node: 'h11', port: 1 }, b: { node: 'leaf2', port: 9 } };
  links.push({ ...links[0]!, name: 'h11-leaf2', ...ends });
  const bridged: Topology = { ...split, links };
  t.deepEqual(paths(new Graph(bridged), 'leaf1', 'h21'), []);
});

test('ends of links and ports of hosts', (t) => {
  t.deepEqual(hostPorts(net, 'leaf2'), new Map([[1, 'h21']]));
  t.is(hostPorts(net, 'spine1').size, 0);
  const link = net.links.find((l) => l.name === 'leaf3-spine1')!;
  t.deepEqual([farEnd(link, 'leaf3').node, farEnd(link, 'spine1').node], ['spine1', 'leaf3']);
});
