import { readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { readProgram } from '../../src/bmv2/index.js';
import { shippedFile } from '../../src/base/paths.js';
import { decapsulateErspan, fabricPool, PacketPool } from '../../src/packet/index.js';
import { V1Switch } from '../../src/v1model/index.js';

const json = (name: string): string => readFileSync(shippedFile(`p4/build/${name}.json`), 'utf8');
const programs = {
  production: readProgram(json('production'), 'production.json'),
  shadow: readProgram(json('shadow'), 'shadow.json'),
};

const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.replaceAll(' ', '').match(/../g) ?? [], (byte) => parseInt(byte, 16));

/** 10.0.1.1:1234 to 10.0.2.2:80, TTL 64, right checksum. */
const tcp = hex(
  '000000000100 000000000a01 0800 4500002e00004000400623c8 0a000101 0a000202' +
    '04d20050 00000000 00000000 50000000 00000000 000000000000',
);

interface Bench {
  v1: V1Switch;
  pool: PacketPool;
  out: { port: number; frame: string; wireLength: number }[];
  send(port: number, frame: Uint8Array, nowNs?: number): Bench['out'];
}

function bench(program: keyof typeof programs): Bench {
  const pool = new PacketPool(fabricPool);
  const out: Bench['out'] = [];
  const v1 = new V1Switch(programs[program], {
    pool,
    seed: 1,
    attachment: {
      transmit(port, packet) {
        const frame = Buffer.from(pool.view(packet)).toString('hex');
        out.push({ port, frame, wireLength: pool.wireLength[packet]! });
        pool.free(packet);
      },
      wakeAt() {},
    },
  });
  const send = (port: number, frame: Uint8Array, nowNs = 1000): Bench['out'] => {
    out.length = 0;
    v1.receive(port, pool.allocFrom(frame), nowNs);
    return out;
  };
  return { v1, pool, out, send };
}

const mac = (last: number): Uint8Array => Uint8Array.of(0, 0, 0, 0, 0, last);
const forward = (port: number, last: number) => ({
  action: 'SwitchIngress.routing.forward',
  params: [mac(1), mac(last), Uint8Array.of(port >> 8, port & 255)],
});

function addRoute({ v1 }: Bench, ports: number[]): void {
  const profile = v1.profiles.get('SwitchIngress.routing.ecmp')!;
  const members = ports.map((port) => profile.addMember(forward(port, port)));
  const group = profile.addGroup(members.map((member) => ({ member, weight: 1 })));
  const prefix = { value: Uint8Array.of(10, 0, 2, 0), prefixLength: 24 };
  v1.tables.get('SwitchIngress.routing.ipv4_lpm')!.insert([prefix], 0, { group });
}

const noLeak = (t: ExecutionContext, { pool, v1 }: Bench): void => {
  t.is(pool.used - v1.held, 0);
};

for (const program of ['production', 'shadow'] as const) {
  test(`${program}: forwards, counts down TTL, keeps the checksum right`, (t) => {
    const b = bench(program);
    addRoute(b, [3]);
    const [sent] = b.send(1, tcp);
    t.is(sent!.port, 3);
    const expected = Buffer.from(tcp);
    expected.set(mac(3), 0);
    expected.set(mac(1), 6);
    expected[22] = 63;
    expected.writeUInt16BE(0x24c8, 24);
    t.is(sent!.frame, expected.toString('hex'));
    t.is(b.v1.counters.get('SwitchEgress.transmitted')!.read(3).packets, 1);
    noLeak(t, b);
  });

  test(`${program}: a route's flows spread over the group, each on one path`, (t) => {
    const b = bench(program);
    addRoute(b, [3, 4]);
    const ports = new Map<number, number>();
    for (let source = 1024; source < 1424; source++) {
      const frame = tcp.slice();
      frame[34] = source >> 8;
      frame[35] = source & 255;
      const chosen = [1, 2].map(() => b.send(1, frame)[0]!.port);
      t.is(chosen[0], chosen[1]);
      ports.set(chosen[0]!, (ports.get(chosen[0]!) ?? 0) + 1);
    }
    t.deepEqual([...ports.keys()].sort(), [3, 4]);
    for (const count of ports.values()) t.true(count > 140, `${count} of 400`);
  });

  test(`${program}: what is malformed is dropped and counted`, (t) => {
    const b = bench(program);
    addRoute(b, [3]);
    const badSum = tcp.slice();
    badSum[24]! ^= 1;
    const expired = tcp.slice();
    expired[22] = 1;
    expired[24] = 0x62;
    for (const frame of [badSum, tcp.subarray(0, 20), new Uint8Array(3)]) {
      t.is(b.send(7, frame).length, 0);
    }
    t.is(b.v1.counters.get('SwitchIngress.malformed')!.read(7).packets, 3);
    t.is(b.send(7, expired).length, 0);
    noLeak(t, b);
  });
}

test('a copy arrives as ERSPAN with the frame as it came in', (t) => {
  const b = bench('production');
  addRoute(b, [3]);
  b.v1.replication.setCloneSession(5, [{ port: 9, instance: 1 }], 0);
  const any = new Array<null>(10).fill(null);
  b.v1.tables.get('SwitchIngress.mirror.selection')!.insert(any, 1, {
    action: 'SwitchIngress.mirror.copy',
    params: [
      Uint8Array.of(0, 0, 0, 5),
      Uint8Array.of(0, 7),
      Uint8Array.of(1, 0, 0),
      Uint8Array.of(0),
    ],
  });
  b.v1.tables.get('SwitchEgress.erspan.encapsulate')!.insert([{ value: Uint8Array.of(0, 5) }], 0, {
    action: 'SwitchEgress.erspan.wrap',
    params: [
      mac(1),
      mac(2),
      Uint8Array.of(10, 255, 0, 1),
      Uint8Array.of(10, 254, 0, 1),
      Uint8Array.of(0, 5),
      Uint8Array.of(255, 255),
    ],
  });
  for (const sequence of [0, 1]) {
    const sent = [...b.send(2, tcp)];
    t.deepEqual(sent.map((s) => s.port).sort(), [3, 9]);
    const copy = sent.find((s) => s.port === 9)!;
    const inner = decapsulateErspan(hex(copy.frame), copy.wireLength);
    if (typeof inner === 'string') throw new Error(inner);
    t.deepEqual(
      [inner.sessionId, inner.sequence, inner.index, inner.isTruncated, inner.wireLength],
      [5, sequence, 2, false, tcp.length],
    );
    t.is(Buffer.from(inner.frame).toString('hex'), Buffer.from(tcp).toString('hex'));
  }
  t.is(b.v1.counters.get('SwitchIngress.mirror.selected')!.read(7).packets, 2);
  noLeak(t, b);
});

test('production drops the shadow tag at its door', (t) => {
  const b = bench('production');
  addRoute(b, [3]);
  const tagged = hex(
    `${Buffer.from(tcp.subarray(0, 12)).toString('hex')}88b5` +
      Buffer.from(tcp.subarray(12)).toString('hex'),
  );
  t.is(b.send(1, tagged).length, 0);
  t.is(b.v1.counters.get('SwitchIngress.shadow_tag_drops')!.read(1).packets, 1);
});

test('saved and put back, a switch goes on as if nothing had been', (t) => {
  const b = bench('shadow');
  addRoute(b, [3, 4]);
  b.send(1, tcp);
  const saved = b.v1.save();
  const first = b.send(1, tcp).map((s) => s.frame);
  b.v1.tables.get('SwitchIngress.routing.ipv4_lpm')!.remove(1);
  t.is(b.send(1, tcp).length, 0);
  b.v1.load(saved);
  t.deepEqual(
    b.send(1, tcp).map((s) => s.frame),
    first,
  );
  t.is(b.v1.counters.get('SwitchIngress.malformed')!.read(1).packets, 0);
});

/** Changes one thing of a good program and reads it. */
function readChanged(change: (json: Record<string, any[]>) => void): string {
  const copy = JSON.parse(json('production')) as Record<string, any[]>;
  change(copy);
  try {
    const program = readProgram(JSON.stringify(copy), 'x.json');
    new V1Switch(program, {
      pool: new PacketPool(fabricPool),
      seed: 1,
      attachment: { transmit() {}, wakeAt() {} },
    });
    return 'accepted';
  } catch (error) {
    return (error as Error).message;
  }
}

const refused: [string, (json: Record<string, any[]>) => void, RegExp][] = [
  ['a primitive', (j) => (j['actions']![1].primitives[0].op = 'frobnicate'), /frobnicate/],
  [
    'a stack of headers that are not there',
    (j) => j['header_stacks']!.push({ name: 'vlans', header_ids: [999] }),
    /vlans: 'header_ids' refers to 999/,
  ],
  [
    'a key of unknown kind',
    (j) =>
      (j['pipelines']![0].tables[5].key = [
        { match_type: 'nearest', name: 'x', target: ['ipv4', 'ttl'], mask: null },
      ]),
    /kind 'nearest'/,
  ],
  ['an operator', (j) => (j['pipelines']![0].conditionals[0].expression.value.op = '%%'), /'%%'/],
  ['a hash', (j) => (j['calculations']![0].algo = 'md5'), /algorithm 'md5'/],
  [
    'an unknown field',
    (j) => (j['checksums']![0].target = ['ipv4', 'nope']),
    /no field 'ipv4.nope'/,
  ],
  [
    'a second varbit',
    (j) => j['header_types']![2].fields.push(['options', '*'], ['more', '*']),
    /a second varbit field/,
  ],
  [
    'an extern instance',
    (j) => (j['extern_instances'] = [{ name: 'meter0' }]),
    /meter0: an extern instance/,
  ],
];

for (const [name, change, message] of refused) {
  test(`refused at load with its name: ${name}`, (t) => t.regex(readChanged(change), message));
}

test('what is no BMv2 program is refused', (t) => {
  const cases: [string, RegExp][] = [
    ['{', /x.json: not JSON/],
    ['[]', /expected an object/],
    ['{}', /not a BMv2 program: it has no 'header_types'/],
  ];
  for (const [text, message] of cases) t.throws(() => readProgram(text, 'x.json'), { message });
});
