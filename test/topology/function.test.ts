/** Network functions in topology files. */
import test from 'ava';
import { backendsOf, readTopology } from '../../src/topology/index.js';

const read = (device: object) =>
  readTopology(
    JSON.stringify({
      switches: { s1: device },
      hosts: { a: { ip: '10.0.1.1/24' } },
      links: [{ a: 'a', b: 's1:1' }],
    }),
    'net.json',
  );

test('each function is read with its defaults', (t) => {
  const open = [{ address: '10.0.9.1', port: 53, protocol: 'udp' }];
  t.deepEqual(read({ program: 'firewall', inside: [1, 2], open }).switches[0]!.function, {
    program: 'firewall',
    inside: [1, 2],
    open: [{ address: '10.0.9.1', protocol: 'udp', port: 53 }],
  });
  const nat = { program: 'nat', inside: [1], address: '203.0.113.1' };
  t.like(read(nat).switches[0]!.function, nat);
  const services = [{ address: '10.0.9.1', port: 80, backends: [{ host: 'a' }] }];
  const { switches } = read({ program: 'balancer', services });
  const served = { address: '10.0.9.1', protocol: 'tcp', port: 80 } as const;
  const backends = [{ address: '10.0.1.1', port: 80, weight: 1 }];
  t.deepEqual(switches[0]!.function, {
    program: 'balancer',
    services: [{ ...served, backends }],
  });
  t.deepEqual(backendsOf(switches, served), backends);
  t.deepEqual(backendsOf(switches, { ...served, port: 81 }), []);
  t.deepEqual(backendsOf(switches, { ...served, protocol: 'udp' }), []);
  t.is(read({ program: 'build/basic.json' }).switches[0]!.function, undefined);
});

const service = { address: '10.0.9.1', port: 80, backends: [] };
const wrong: [string, object, RegExp][] = [
  ['no inside', { program: 'firewall' }, /switches\.s1: 'inside' must name a port/],
  ['a port beyond all', { program: 'firewall', inside: [500] }, /'inside': 500 is no whole number/],
  ['a port that is no number', { program: 'nat', inside: ['eth0'] }, /'inside': eth0 is no/],
  ['no public address', { program: 'nat', inside: [1] }, /'address' is missing/],
  ['no address', { program: 'nat', inside: [1], address: '1.2.3' }, /address/],
  ['no service', { program: 'balancer' }, /a balancer needs 'services'/],
  ["another program's key", { inside: [1] }, /'inside' is nothing that program 'production' knows/],
  [
    'a backend that is no host',
    { program: 'balancer', services: [{ ...service, backends: [{ host: 'x' }] }] },
    /services\[0\]\.backends\[0\]: no host 'x'/,
  ],
  ['an unknown protocol', { program: 'balancer', services: [{ ...service, protocol: 'ip' }] }, /tcp/],
];

for (const [name, device, message] of wrong) {
  test(`what is wrong is named: ${name}`, (t) => {
    t.throws(() => read(device), { code: 'INVALID_TOPOLOGY', message });
  });
}
