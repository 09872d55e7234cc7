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

const wrong: [string, string, RegExp][] = [
  ['no YAML', `${base}  : [`, /^umbra\.yaml:4: /],
  ['an unknown key', `${base}colour: red\n`, /^umbra\.yaml:4: colour: unknown key/],
  ['one deep inside', base.replace('address', 'adress'), /^umbra\.yaml:3: devices\.s1/],
  ['no port', base.replace(':9559', ''), /^umbra\.yaml:3: devices\.s1\.address: /],
  ['no topology', base.replace('topology: net.json', ''), /the file: .*topology/],
  ['a text for a number', `${base}seed: many\n`, /^umbra\.yaml:4: seed: must be integer/],
  ['nothing', '', /the file/],
];

for (const [name, text, message] of wrong) {
  test(`what is wrong is named with its line: ${name}`, (t) => {
    t.throws(() => parseConfig(text, 'umbra.yaml'), { code: 'INVALID_FILE', message });
  });
}
