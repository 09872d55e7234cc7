import { join } from 'node:path';
import test from 'ava';
import { parseConfig } from '../../src/app/index.js';

const base = `topology: net.json
devices:
  s1: { address: "127.0.0.1:9559" }
`;

test('paths are taken from where the file is', (t) => {
  const text = `${base}  s2:
    address: switch.example:9559
    deviceId: 7
    tls: { ca: ca.pem, cert: me.pem, key: me.key }
state: var
mirror: { collect: "udp:6343" }
`;
  const config = parseConfig(text, join('/etc', 'umbra.yaml'));
  t.is(config.topology, '/etc/net.json');
  t.is(config.state, '/etc/var');
  const tls = { ca: '/etc/ca.pem', cert: '/etc/me.pem', key: '/etc/me.key' };
  t.deepEqual(config.devices['s2'], { address: 'switch.example:9559', deviceId: 7, tls });
});

test('the mirror: rules and sources, ports by number', (t) => {
  const text = `${base}mirror:
  collect: eth1
  rules: [{ name: web, application: http, share: 0.5 }]
  sources:
    10.0.0.9: s1
    10.0.0.10: { device: s1, ports: { 17: 1 }, sessions: { 7: 3 }, hasHeader: true }
fidelity: { minimum: 0.8, baselinePeriodMs: 5000 }
`;
  const { mirror, fidelity } = parseConfig(text, 'umbra.yaml');
  const rule: { name: string } = Object.assign({ name: 'web' }, { application: 'http', share: 0.5 });
  t.deepEqual(mirror!.rules, [rule]);
  t.like(mirror!.sources!['10.0.0.10'], { ports: { 17: 1 }, sessions: { 7: 3 } });
  t.deepEqual(fidelity, { minimum: 0.8, baselinePeriodMs: 5000 });
});

const wrong: [string, string, RegExp][] = [
  ['no YAML', `${base}  : [`, /^umbra\.yaml:4: /],
  ['an unknown key', `${base}colour: red\n`, /^umbra\.yaml:4: colour: unknown key/],
  ['one deep inside', base.replace('address', 'adress'), /^umbra\.yaml:3: devices\.s1/],
  ['no port', base.replace(':9559', ''), /^umbra\.yaml:3: devices\.s1\.address: /],
  ['no topology', base.replace('topology: net.json', ''), /the file: .*topology/],
  ['a text for a number', `${base}seed: many\n`, /^umbra\.yaml:4: seed: must be integer/],
  ['nothing', '', /the file/],
  ['a rule without a name', `${base}mirror: { collect: x, rules: [{}] }\n`, /:4: mirror\.rules\.0/],
  [
    'a port that is none',
    `${base}mirror:\n  collect: x\n  sources:\n    10.0.0.9: { device: s1, ports: { 1: 999 } }\n`,
    /^umbra\.yaml:7: mirror\.sources\.10\.0\.0\.9/,
  ],
  ['a share for a minimum', `${base}fidelity: { minimum: 90 }\n`, /fidelity\.minimum/],
];

for (const [name, text, message] of wrong) {
  test(`what is wrong is named with its line: ${name}`, (t) => {
    t.throws(() => parseConfig(text, 'umbra.yaml'), { code: 'INVALID_FILE', message });
  });
}
