/** The shadow's program and its failures on the reference switch. */
import test, { type ExecutionContext } from 'ava';
import type { DeviceFailure, Failure, LinkDegradation } from '../../src/fault/index.js';
import { curlScenario, postgres, psqlScenario } from './appScenarios.js';
import { delayAt, lossScenario } from './linkScenario.js';
import { namespaces, program, skipUnless, type Requirement } from './requirements.js';
import { bmv2Target, ShadowLab } from './shadowLab.js';

const tools = ['simple_switch_grpc', 'setpriv', 'ethtool', 'ping'].map(program);
const needs = [namespaces, ...tools];

async function onBmv2(
  t: ExecutionContext,
  more: readonly Requirement[],
  scenario: (t: ExecutionContext, lab: ShadowLab) => Promise<void>,
): Promise<void> {
  if (skipUnless(t, ...needs, ...more)) return;
  t.timeout(180_000);
  const lab = await ShadowLab.open('umbB', bmv2Target);
  try {
    await lab.ready(['ping', '-c', '1', '-W', '1', '10.0.2.1']);
    await scenario(t, lab);
  } finally {
    lab.close();
  }
}

test.serial('curl against a real server behind BMv2', (t) =>
  onBmv2(t, [program('curl')], curlScenario),
);

test.serial('psql against PostgreSQL behind BMv2', (t) => onBmv2(t, [postgres], psqlScenario));

test.serial('loss on BMv2 is within the 99.7 % band', (t) =>
  onBmv2(t, [program('tcpdump')], (_, lab) => lossScenario(t, lab, 1000)),
);

/** Answers to ten pings: how many, twice counted ones too, and their median, ms. */
async function pings(lab: ShadowLab): Promise<{ answers: number; medianMs: number }> {
  const command = ['ping', '-c', '10', '-i', '0.1', '-W', '1', '10.0.2.1'];
  const { stdout } = await lab.inA(command);
  const times = [...stdout.matchAll(/time=([\d.]+) ms/g)].map(([, time]) => Number(time));
  times.sort((a, b) => a - b);
  return { answers: times.length, medianMs: times[times.length >> 1] ?? NaN };
}

type Check = [what: Partial<LinkDegradation> | Partial<DeviceFailure>, least: number, most: number,
  leastMs?: number];

test.serial('every failure of links and switches acts on BMv2, and ends', async (t) => {
  const link = { type: 'link_degradation', link: 'b-s1', direction: 'both' } as const;
  const device = { type: 'device_failure', device: 's1' } as const;
  const checks: Check[] = [
    [{ loss: 1 }, 0, 0],
    [{ exactLoss: { packets: 1, of: 2 } }, 5, 5],
    [{ burstLoss: { enter: 1, leave: 0 } }, 0, 0],
    [{ flap: { periodNs: 1e9, downNs: 500e6 } }, 2, 8],
    [{ corrupt: 1 }, 0, 0],
    [{ duplicate: 1 }, 18, 20],
    [{ delayNs: 20e6 }, 10, 10, 20],
    [{ delayNs: 20e6, jitterNs: 2e6, jitterShape: 'normal' }, 10, 10, 15],
    [{ reorder: 1, reorderNs: 30e6 }, 10, 10, 30],
    [{ rateBps: 100e3 }, 10, 10, 7],
    [{ policeBps: 2000, burstBytes: 200 }, 1, 7],
    [{ mode: 'outage' }, 0, 0],
    [{ mode: 'graceful', delayNs: 20e6 }, 10, 10, 40],
    [{ mode: 'graceful', share: 1 }, 0, 0],
    [{ mode: 'reboot', downNs: 700e6 }, 1, 9],
    [{ mode: 'stuck', port: 2 }, 0, 0],
  ];
  await onBmv2(t, [], async (_, lab) => {
    for (const [what, least, most, leastMs = 0] of checks) {
      const name = JSON.stringify(what);
      const whole = { ...('mode' in what ? device : link), ...what } as Failure;
      await lab.under(whole, async () => {
        const { answers, medianMs } = await pings(lab);
        t.true(answers >= least && answers <= most, `${name}: ${answers} answers`);
        if (leastMs > 0) t.true(medianMs >= leastMs, `${name}: ${medianMs} ms`);
      });
    }
    t.is((await pings(lab)).answers, 10, 'nothing is left');
  });
});

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

test.serial('delays on BMv2: packets that wait go round', async (t) => {
  await onBmv2(t, [program('tcpdump')], async (_, lab) => {
    for (const perSecond of [100, 500, 1000, 2000, 4000]) {
      const { p50Ms, p99Ms, lost, otherLost } = await delayAt(lab, perSecond, 3);
      t.log(
        `20 ms at ${perSecond} packets/s: ${p50Ms.toFixed(2)} ms at p50, ` +
          `${p99Ms.toFixed(2)} at p99, ${percent(lost)} lost; unfaulted: ${percent(otherLost)}`,
      );
      if (perSecond > 100) continue;
      t.true(p50Ms >= 19.9 && p50Ms < 23, `${p50Ms} ms at ${perSecond} packets/s`);
      t.true(lost - otherLost < 0.01, `${percent(lost)} lost by waiting`);
    }
  });
});
