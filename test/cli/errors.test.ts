import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { shippedFile } from '../../src/base/paths.js';

const folder = mkdtempSync(join(tmpdir(), 'umbra-cli-'));
test.after.always(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

function umbra(...args: string[]): { status: number | null; stderr: string; stdout: string } {
  const done = spawnSync(process.execPath, [shippedFile('bin/umbra.js'), ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status: done.status, stderr: done.stderr, stdout: done.stdout };
}

const hosts = { a: { ip: '10.0.1.1/24' }, b: { ip: '10.0.2.1/24' } };
const topology = (change: object): string =>
  JSON.stringify({
    switches: { s1: {} },
    hosts,
    links: [
      ['a', 's1-p1'],
      ['b', 's1-p2'],
    ],
    ...change,
  });
const capture = file(
  'cut.pcap',
  Buffer.concat([
    Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex'),
    Buffer.from('00000000000000004000000040000000aabb', 'hex'),
  ]),
);

const json = shippedFile('p4/build/production.json');
const info = shippedFile('p4/build/production.p4info.txtpb');
const otherInfo = shippedFile('p4/build/shadow.p4info.txtpb');

const notPem = file('x.pem', 'hello');
const tls = (cert: string, key: string): string[] => {
  const files = ['--grpc-server-cert', cert, '--grpc-server-key', key];
  return ['switch', '--', '--grpc-server-ssl', ...files];
};

const cases: [name: string, args: string[], status: number, message: RegExp][] = [
  [
    'unknown key',
    ['demo', '--once', '--topology', file('k.json', topology({ hostz: {} }))],
    1,
    /k.json: unknown key 'hostz'/,
  ],
  [
    'link to a missing port',
    ['demo', '--once', '--topology', file('p.json', topology({ links: [['a', 's1']] }))],
    1,
    /p.json: links\[0\]: .*s1/,
  ],
  [
    'link to a missing switch',
    ['demo', '--once', '--topology', file('s.json', topology({ links: [['a', 's9-p1']] }))],
    1,
    /s.json: links\[0\]: .*'s9/,
  ],
  ['no such file', ['demo', '--once', '--topology', join(folder, 'none.json')], 1, /none.json/],
  [
    'truncated capture',
    ['demo', '--once', '--pcap', capture],
    1,
    /cut.pcap: byte \d+: truncated packet: 64 bytes wanted, 2 left/,
  ],
  ['no capture', ['demo', '--once', '--pcap', file('x.pcap', 'hello')], 1, /x.pcap/],
  ['no program', ['switch', file('x.json', '{}'), '--p4info', otherInfo], 1, /not a BMv2 program/],
  [
    'P4Info of another program',
    ['switch', json, '--p4info', otherInfo],
    1,
    /do not belong together: the config has no table/,
  ],
  ['no program, no P4Info', ['switch', file('y.json', '{}')], 1, /not a BMv2 program/],
  ['wrong port', ['switch', '-i', 'eth0'], 2, /PORT@INTERFACE/],
  [
    'no interface',
    ['switch', '-i', '1@umbra-none', '--', '--grpc-server-addr', '127.0.0.1:0'],
    1,
    /umbra-none|root/,
  ],
  ['unknown flag', ['switch', '--bogus', '-i', '1@eth0'], 2, /unknown option '--bogus'/],
  ['unknown target flag', ['switch', '--', '--cpu-prt', '1'], 2, /'--cpu-prt' after --/],
  ['target flag before --', ['switch', '--cpu-port', '1'], 2, /--cpu-port: write -- before it/],
  ['target flag without value', ['switch', '--', '--cpu-port'], 2, /--cpu-port needs a value/],
  ['CPU port 0', ['switch', '--', '--cpu-port', '0'], 2, /--cpu-port 0: a port is 1 to 511/],
  ['no address', ['switch', '--', '--grpc-server-addr', '9559'], 2, /'9559': write HOST:PORT/],
  ['saved state', ['switch', '--restore-state', 'x'], 2, /--restore-state: saved states/],
  ['packets over nanomsg', ['switch', '--packet-in', 'x'], 2, /--packet-in: .* nanomsg/],
  ['packets over gRPC', ['switch', '--', '--dp-grpc-server-addr', 'x:1'], 2, /over gRPC are not/],
  ['two logs', ['switch', '--log-console', '--log-file', 'x'], 2, /exclude each other/],
  ['log level', ['switch', '-L', 'loud'], 2, /Allowed choices are off, error, warn/],
  ['log file', ['switch', '--log-file', join(folder, 'no', 'x')], 1, /no.x: ENOENT/],
  ['a port twice', ['switch', '-i', '1@x', '-i', '1@y'], 2, /port 1 is given twice/],
  ['the CPU port', ['switch', '-i', '510@x'], 2, /port 510 is the CPU port/],
  ['the drop port', ['switch', '-i', '7@x', '--', '--drop-port=7'], 2, /port 7 is the drop port/],
  ['port 512', ['switch', '-i', '512@x'], 2, /port 512: ports are 0 to 511/],
  ['no folder', ['switch', '--pcap', join(folder, 'no')], 2, /--pcap .*no: there is no such folder/],
  ['no capture to use', ['switch', '--use-files', '0', '-i', '1@none'], 1, /none_in.pcap: ENOENT/],
  ['TLS without a key', ['switch', '--', '--grpc-server-ssl'], 2, /needs --grpc-server-cert/],
  ['a key without TLS', ['switch', '--', '--grpc-server-key', 'x'], 2, /needs --grpc-server-ssl/],
  ['no certificate', tls('none.pem', 'none.pem'), 1, /none.pem: ENOENT/],
  ['not a certificate', tls(notPem, notPem), 1, /x.pem, .*x.pem: /],
  ['no such test', ['stf', json, info, join(folder, 'none.stf')], 1, /none.stf/],
  [
    'no test',
    ['stf', json, info, file('x.stf', 'hello')],
    1,
    /x.stf:1:1: expected a statement, such as add, packet or expect, found 'hello'/,
  ],
  [
    'P4Info of another program for a test',
    ['stf', json, otherInfo, file('empty.stf', '')],
    1,
    /do not belong together/,
  ],
  ['half a test', ['stf', json], 2, /missing required argument 'p4info'/],
  ['unknown command', ['dance'], 2, /unknown command/],
  ['unknown option', ['demo', '--nope'], 2, /unknown option '--nope'/],
  ['no number', ['demo', '--seed', 'x'], 2, /whole number/],
  ['nobody there', ['rules', 'shadow.leaf1', '--api', 'http://127.0.0.1:9'], 1, /no Umbra answers/],
  ['link and device', ['fault', 'inject'], 2, /give one of --partition, --link, --device, or --service/],
  ['a resource of a link', ['fault', 'inject', '--link', 'a-s1', '--resource', 'cpu'], 2,
    /--resource needs --host or --device/],
];

for (const [name, args, status, message] of cases) {
  test(`wrong input ends with one clear line: ${name}`, (t) => {
    const done = umbra(...args);
    t.is(done.status, status, done.stderr);
    const lines = done.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('('));
    t.is(lines.length, 1, done.stderr);
    t.regex(lines[0]!, message);
    t.is(done.stdout, '');
  });
}

test('a port in use ends the demo before anything is started', async (t) => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  const done = umbra('demo', '--port', String(port));
  server.close();
  t.is(done.status, 1);
  t.is(done.stderr.trim(), `umbra: API on 127.0.0.1:${port}: address is already in use`);
});

test('help and version', (t) => {
  t.is(umbra('--help').status, 0);
  t.regex(umbra('demo', '--help').stdout, /--pcap <file>/);
  const { version } = JSON.parse(readFileSync(shippedFile('package.json'), 'utf8')) as {
    version: string;
  };
  t.is(umbra('--version').stdout.trim(), version);
});

test('a command whose reader goes away ends quietly, as other programs do', (t) => {
  const script = `"${process.execPath}" "${shippedFile('bin/umbra.js')}" switch --help; echo $? >&2`;
  const done = spawnSync('sh', ['-c', `(${script}) | true`], { encoding: 'utf8' });
  t.is(done.stderr, '141\n');
});
