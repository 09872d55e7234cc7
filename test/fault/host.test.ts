/** Failures of hosts as limits: what is planned, what clashes, and that nothing is left behind. */
import test from 'ava';
import type { HostControl, HostPart, TimedLimits } from '../../src/base/hostLimits.js';
import { UmbraError } from '../../src/base/errors.js';
import { ShadowHost } from '../../src/device/index.js';
import {
  describeFailure,
  failureOf,
  FaultEngine,
  planFailure,
  readFailure,
  targetOf,
  type DeviceFailure,
  type Failure,
  type Fault,
  type FaultEngineOptions,
  type ResourceExhaustion,
} from '../../src/fault/index.js';
import { readTopology } from '../../src/topology/index.js';

const shop = readTopology(
  JSON.stringify({
    switches: { s1: {} },
    hosts: {
      a: { ip: '10.0.1.1/24' },
      b: { ip: '10.0.2.1/24', server: { workers: 4, concurrent: 50, backlog: 20 } },
    },
    links: [
      { a: 'a', b: 's1:1' },
      { a: 'b', b: 's1:2' },
    ],
  }),
  'shop.json',
);

/** What a control was told, and whether it obeys. */
class Notes implements HostControl {
  readonly parts = new Map<HostPart, TimedLimits>();
  lease = [0, 0];
  isDeaf = false;

  apply(part: HostPart, timed: TimedLimits): void {
    if (!this.isDeaf) this.parts.set(part, timed);
  }

  read(part: HostPart): TimedLimits | undefined {
    return this.parts.get(part);
  }

  clear(part: HostPart): void {
    if (!this.isDeaf) this.parts.delete(part);
  }

  renew(nowUs: number, leaseUs: number): void {
    this.lease = [nowUs, leaseUs];
  }
}

function engineOn(notes: Notes, more: Partial<FaultEngineOptions> = {}): FaultEngine {
  const hosts = [new ShadowHost('b', notes)];
  return new FaultEngine({ topology: shop, devices: [], hosts, nowUs: () => 1e6, ...more });
}

const short = (of: Partial<ResourceExhaustion>): Failure => ({
  ...{ type: 'resource_exhaustion', host: 'b', resource: 'cpu' },
  ...of,
});
const broken = (of: Partial<DeviceFailure>): Failure => ({
  ...{ type: 'device_failure', device: 'b', mode: 'outage' },
  ...of,
});

test('each failure of a host is a limit of one part, with the end of the fault', (t) => {
  const planned: [Failure, string, object, string][] = [
    [short({ share: 0.75 }), 'cpu', { serviceRate: 0.25 }, 'host b: cpu: 75 % used up'],
    [short({ amount: 1 }), 'cpu', { workers: 1 }, 'host b: cpu: 1 workers left'],
    [short({ resource: 'memory', amount: 8 }), 'memory', { concurrent: 8 },
      'host b: memory: 8 requests at once'],
    [short({ resource: 'memory', share: 0.9 }), 'memory', { concurrent: 5 },
      'host b: memory: 90 % used up'],
    [short({ resource: 'memory', mode: 'oom_restart', amount: 9, downNs: 2e9 }), 'memory',
      { concurrent: 9, restartNs: 2e9 },
      'host b: memory: oom restart, 9 requests at once, down 2000 ms'],
    [short({ resource: 'memory', mode: 'oom_restart', downNs: 2e9 }), 'memory',
      { isRefusing: true, goneUntilUs: 3e6 }, 'host b: memory: oom restart, down 2000 ms'],
    [short({ resource: 'disk', latencyNs: 5e6, share: 0.5 }), 'disk',
      { diskShare: 0.5, diskNs: 5e6 }, 'host b: disk: 50 % of requests, 5 ms late'],
    [short({ resource: 'disk', mode: 'full' }), 'disk', { isDiskFull: true }, 'host b: disk: full'],
    [broken({}), 'device', { isSilent: true }, 'device b: outage'],
    [broken({ refuses: true }), 'device', { isRefusing: true },
      'device b: outage (refuses connections)'],
    [broken({ mode: 'hang' }), 'device', { serviceRate: 0 }, 'device b: hang'],
    [broken({ mode: 'reboot', downNs: 1e9 }), 'device', { isSilent: true, goneUntilUs: 2e6 },
      'device b: reboot (down 1000 ms)'],
    [broken({ mode: 'reboot', downNs: 1e9, stateLost: false }), 'device',
      { isSilent: true, goneUntilUs: 2e6, keepsConnections: true },
      'device b: reboot (down 1000 ms, state kept)'],
    [broken({ mode: 'graceful', share: 0.2, serviceRate: 0.5, delayNs: 1e6 }), 'device',
      { unanswered: 0.2, serviceRate: 0.5, lateNs: 1e6 },
      'device b: graceful (20 % lost, 1 ms late, 50 % of service rate left)'],
  ];
  for (const [failure, part, limits, text] of planned) {
    const expected = { kind: 'host', host: 'b', part, limits, expiresUs: 11e6 };
    t.deepEqual(planFailure(shop, failure, 1e6, 10e6), [expected] as never);
    t.deepEqual([describeFailure(failure), targetOf(failure)], [text, 'b']);
    t.deepEqual(readFailure(failure), failure, 'the contract takes it');
  }
});

test('mistakes name what is wrong', (t) => {
  const wrong: [Failure, UmbraError['code'], RegExp][] = [
    [short({ host: 'c', share: 1 }), 'NOT_FOUND', /no host 'c'/],
    [short({ host: 's1', share: 1 }), 'NOT_FOUND', /no host 's1'/],
    [short({}), 'INVALID_INPUT', /cpu: 'share' or 'amount' is missing/],
    [short({ share: 2 }), 'INVALID_INPUT', /share is 2/],
    [short({ amount: 0 }), 'INVALID_INPUT', /amount is 0/],
    [short({ share: 1, mode: 'full' }), 'INVALID_INPUT', /cpu \(full\) has no 'mode'/],
    [short({ resource: 'memory' }), 'INVALID_INPUT', /memory: 'amount' or 'share' is missing/],
    [short({ resource: 'memory', share: 1, amount: 1 }), 'INVALID_INPUT', /'share' or 'amount'/],
    [short({ host: 'a', resource: 'memory', share: 1 }), 'INVALID_INPUT', /'a' needs its server/],
    [short({ resource: 'memory', mode: 'oom_restart' }), 'INVALID_INPUT', /needs downNs/],
    [short({ resource: 'memory', mode: 'slow', amount: 1 }), 'INVALID_INPUT', /no mode 'slow'/],
    [short({ resource: 'disk' }), 'INVALID_INPUT', /needs latencyNs/],
    [short({ resource: 'disk', mode: 'full', latencyNs: 1 }), 'INVALID_INPUT', /no 'latencyNs'/],
    [short({ resource: 'disk', mode: 'limit' }), 'INVALID_INPUT', /disk has no mode 'limit'/],
    [broken({ device: 'c' }), 'NOT_FOUND', /no switch or host 'c'/],
    [broken({ mode: 'stuck' }), 'INVALID_INPUT', /host 'b' has no mode 'stuck'/],
    [broken({ mode: 'reboot' }), 'INVALID_INPUT', /needs downNs/],
    [broken({ portShare: 0.5, mode: 'graceful' }), 'INVALID_INPUT', /no 'portShare'/],
    [broken({ device: 's1', mode: 'hang' }), 'INVALID_INPUT', /a switch has no mode 'hang'/],
    [broken({ device: 's1', refuses: true }), 'INVALID_INPUT', /'refuses' is for hosts/],
  ];
  for (const [failure, code, message] of wrong) {
    t.throws(() => planFailure(shop, failure, 0, 10e6), { code, message });
  }
});

test('the contract: a host as the device, under either name', (t) => {
  const failure = { type: 'device_failure', device: 'b', mode: 'hang' } as const;
  t.deepEqual(readFailure({ type: 'device_failure', host: 'b', mode: 'hang' }), failure);
  t.deepEqual(failureOf(shop, 'b', 'device_failure', { mode: 'hang' }), failure);
  const shortage = failureOf(shop, 'b', 'resource_exhaustion', { resource: 'cpu', share: 0.5 });
  t.deepEqual(shortage, short({ share: 0.5 }));
  t.throws(() => readFailure({ ...failure, host: 'b' }), { message: /unknown parameter 'host'/ });
});

test('recorded first, read back, refused by name where two meet, and nothing is left', async (t) => {
  const notes = new Notes();
  const records: string[] = [];
  const record = ({ id, state }: Fault): void => {
    records.push(`${id} ${state} ${notes.parts.size}`);
  };
  const faults = engineOn(notes, { record });
  const cpu = await faults.inject(short({ share: 0.5 }), 5e6);
  t.deepEqual(records, ['fault-1 pending 0', 'fault-1 active 1']);
  t.deepEqual(notes.lease, [1e6, 10e6]);
  t.deepEqual(notes.parts.get('cpu'), { limits: { serviceRate: 0.5 }, expiresUs: 6e6 });
  await faults.inject(short({ resource: 'disk', mode: 'full' }), 5e6);
  await faults.inject(broken({ mode: 'hang' }), 5e6);
  await t.throwsAsync(faults.inject(short({ amount: 1 }), 5e6), {
    code: 'CONFLICT',
    message: 'fault-1 (host b: cpu: 50 % used up) already acts on b cpu',
  });
  t.is((await faults.clear(cpu.id)).state, 'cleared');
  t.deepEqual([...notes.parts.keys()], ['disk', 'device']);
  t.is((await faults.stop('a drill')).removedEntries, 2);
  t.deepEqual([notes.lease[1], notes.parts.size], [0, 0]);
});

test('a host that does not obey: no fault is said to act, or to be cleared', async (t) => {
  const notes = new Notes();
  const faults = engineOn(notes);
  notes.isDeaf = true;
  const failed = faults.inject(short({ share: 0.5 }), 5e6);
  await t.throwsAsync(failed, { code: 'RPC', message: /b: limits of cpu are not as they were set/ });
  t.is(faults.list().length, 0);
  notes.isDeaf = false;
  const fault = await faults.inject(short({ share: 0.5 }), 5e6);
  notes.isDeaf = true;
  await t.throwsAsync(faults.clear(fault.id), { code: 'RPC', message: /limits of cpu remain/ });
  t.is(faults.get(fault.id).state, 'active');
});

test('a controller that takes over frees the hosts; a limit grows in steps', async (t) => {
  const notes = new Notes();
  await engineOn(notes).inject(short({ share: 0.5 }), 5e6);
  let nowUs = 1e6;
  const faults = engineOn(notes, { nowUs: () => nowUs });
  await faults.recover([]);
  t.is(notes.parts.size, 0);
  const ramp = { parameter: 'share', from: 0, overNs: 1e9 };
  await faults.inject(short({ share: 0.8, ramp }), 5e6);
  for (let step = 0; step <= 20; step++) {
    await faults.step();
    const { serviceRate } = notes.parts.get('cpu')!.limits;
    t.true(Math.abs(serviceRate! - (1 - 0.04 * step)) < 1e-9);
    nowUs += 50_000;
  }
});

test('a host counts for the blast radius as the link that leads to it', async (t) => {
  const faults = engineOn(new Notes());
  faults.blast = { links: 0.5, devices: 0.5, flows: 1 };
  await faults.inject(broken({ mode: 'hang' }), 5e6);
  await faults.inject(short({ share: 0.5 }), 5e6);
  const other = { type: 'link_degradation', link: 'a-s1', direction: 'both', loss: 1 } as const;
  const refused = faults.inject(other, 5e6);
  await t.throwsAsync(refused, { code: 'REFUSED', message: /2 of 2 links, 1 are allowed/ });
});

test('only hosts of the shadow are taken', (t) => {
  const hosts = [{ name: 'b', clearAll: () => 0 }] as never;
  const make = () => new FaultEngine({ topology: shop, devices: [], hosts, nowUs: () => 0 });
  t.throws(make, { code: 'REFUSED', message: /shadow hosts only/ });
});
