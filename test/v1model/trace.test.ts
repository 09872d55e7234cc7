import { readFileSync } from 'node:fs';
import test from 'ava';
import { readProgram } from '../../src/bmv2/index.js';
import { shippedFile } from '../../src/base/paths.js';
import { fabricPool, PacketPool } from '../../src/packet/index.js';
import { traceLines, V1Switch, type PacketTrace } from '../../src/v1model/index.js';

const program = readProgram(
  readFileSync(shippedFile('p4/build/shadow.json'), 'utf8'),
  'shadow.json',
);

const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.replaceAll(' ', '').match(/../g) ?? [], (byte) => parseInt(byte, 16));

/** 10.0.1.1:1234 to 10.0.2.2:80, TTL 64, right checksum. */
const tcp = hex(
  '000000000100 000000000a01 0800 4500002e00004000400623c8 0a000101 0a000202' +
    '04d20050 00000000 00000000 50000000 00000000 000000000000',
);

function makeSwitch() {
  const pool = new PacketPool(fabricPool);
  const sent: string[] = [];
  const v1 = new V1Switch(program, {
    pool,
    seed: 1,
    attachment: {
      transmit(port, packet) {
        sent.push(`${port}: ${Buffer.from(pool.view(packet)).toString('hex')}`);
        pool.free(packet);
      },
      wakeAt() {},
    },
  });
  const mac = (last: number): Uint8Array => Uint8Array.of(0, 0, 0, 0, 0, last);
  const member = v1.profiles.get('SwitchIngress.routing.ecmp')!.addMember({
    action: 'SwitchIngress.routing.forward',
    params: [mac(1), mac(9), Uint8Array.of(0, 4)],
  });
  const prefix = { value: Uint8Array.of(10, 0, 2, 0), prefixLength: 24 };
  v1.tables.get('SwitchIngress.routing.ipv4_lpm')!.insert([prefix], 0, { member });
  const send = (frame: Uint8Array): void => v1.receive(1, pool.allocFrom(frame), 1000);
  return { v1, sent, send };
}

function traceOf(frame: Uint8Array): PacketTrace {
  const { v1, send } = makeSwitch();
  const traces: PacketTrace[] = [];
  v1.trace((trace) => traces.push(trace));
  send(frame);
  return traces[0]!;
}

test('a forwarded packet shows its states, the entry it hit, the arguments, and its port', (t) => {
  const lines = traceLines(traceOf(tcp)).map((line) => line.trim());
  t.is(lines[0], 'in       port 1, 60 bytes, normal');
  t.true(lines.includes('parser   header ipv4 at byte 14'));
  t.true(
    lines.includes(
      'ingress  SwitchIngress.routing.ipv4_lpm [ipv4_dst=0x0a000202] hit 0x0a000200/24 member 0 ' +
        '-> SwitchIngress.routing.forward(src_mac=0x000000000001, dst_mac=0x000000000009, ' +
        'port=0x0004) (include/routing.p4:33)',
    ),
  );
  t.true(lines.includes('egress   towards port 4'));
  t.is(lines.at(-1), 'out      port 4, 60 bytes');
});

test('a packet that is too short shows the parser error and the drop', (t) => {
  const { steps } = traceOf(tcp.subarray(0, 30));
  const parsed = { kind: 'parsed', bytes: 14, error: 'PacketTooShort' } as const;
  t.deepEqual(
    steps.find((step) => step.kind === 'parsed'),
    parsed,
  );
  t.deepEqual(steps.at(-1), { kind: 'drop', reason: 'egress_spec' });
});

test('tracing changes no packet, and ends when asked', (t) => {
  const plain = makeSwitch();
  plain.send(tcp);
  const traced = makeSwitch();
  let count = 0;
  traced.v1.trace(() => count++);
  traced.send(tcp);
  t.deepEqual(traced.sent, plain.sent);
  traced.v1.trace(undefined);
  traced.send(tcp);
  t.is(count, 1);
  t.is(traced.sent.length, 2);
});
