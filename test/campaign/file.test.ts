import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { UmbraError } from '../../src/base/errors.js';
import { shippedFile } from '../../src/base/paths.js';
import { checkPlan, parseCampaign } from '../../src/campaign/index.js';
import { leafSpine, readTopology } from '../../src/topology/index.js';

const topology = leafSpine(2, 2, 1);
const head = 'name: x\nscenarios:\n  - name: one\n    failures:\n';
const loss = '      - { duration: 1s, failure: { type: link_degradation, link: leaf1-spine1, ';
const plan = (text: string) => parseCampaign(text, 'c.yaml').planFor(topology);

test('a scenario with all its parts', (t) => {
  const { scenarios, ...rest } = plan(`name: whole
seed: 5
warmUp: 300ms
window: 100ms
hypothesis: [{ metric: errorRate, of: all, comparison: "<=", value: 0.01 }]
scenarios:
  - name: one
    before: 2s
    failures:
      - id: slow
        start: 10ms
        duration: 1s
        failure: { type: link_degradation, link: leaf1-spine1, delay: 20ms, jitterNs: 2ms }
      - after: slow end
        duration: 500us
        repeat: { times: 2, every: 1ms }
        failure: { type: device_failure, device: leaf1, mode: outage }
`);
  t.deepEqual(rest, { name: 'whole', seed: 5, warmUpNs: 300e6 });
  const [{ failures, ...frame }] = scenarios as [(typeof scenarios)[0]];
  t.deepEqual(frame, {
    id: 'one',
    seed: 5,
    beforeNs: 2e9,
    afterNs: 2e9,
    recoveryNs: 1e9,
    windowNs: 100e6,
    hypothesis: [{ metric: 'errorRate', of: 'all', comparison: '<=', value: 0.01 }],
    stop: [],
  });
  t.deepEqual(failures, [
    {
      id: 'slow',
      startNs: 10e6,
      durationNs: 1e9,
      failure: {
        type: 'link_degradation',
        link: 'leaf1-spine1',
        direction: 'both',
        delayNs: 20e6,
        jitterNs: 2e6,
      },
    },
    {
      id: 'failure-2',
      startNs: 0,
      durationNs: 500e3,
      repeat: { times: 2, everyNs: 1e6 },
      after: { id: 'slow', edge: 'end' },
      failure: { type: 'device_failure', device: 'leaf1', mode: 'outage' },
    },
  ]);
});

test('generators: singles, pairs, severities, random, repeats, a search', (t) => {
  const count = (text: string): number => plan(`name: x\n${text}`).scenarios.length;
  const parts = topology.links.length + topology.switches.length;
  t.is(count('generate: [{ singles: {} }]'), parts);
  t.is(count('repeats: 3\ngenerate: [{ singles: {} }]'), 3 * parts);
  t.is(count('generate: [{ pairs: { limit: 10 } }]'), 10);
  t.is(count('generate: [{ pairs: {} }]'), (parts * (parts - 1)) / 2);
  t.is(count('generate: [{ random: { count: 6 } }]'), 6);
  const severities =
    '{ failure: { type: link_degradation, link: leaf1-spine1 }, parameter: delay, values: [1ms, 2ms] }';
  t.is(count(`generate: [{ severities: ${severities} }]`), 2);
  const losses = severities.replace('delay', 'loss').replace('1ms, 2ms', '0.1, 0.2');
  const swept = plan(`name: x\ngenerate: [{ severities: ${losses} }]`).scenarios;
  t.deepEqual(
    swept.map(({ failures: [one] }) => 'loss' in one!.failure && one!.failure.loss),
    [0.1, 0.2],
  );
  const lost = losses.replace('parameter: loss', 'parameter: lost');
  t.throws(() => plan(`name: x\ngenerate: [{ severities: ${lost} }]`), {
    message: /unknown parameter 'lost'/,
  });
  t.is(plan('name: x\ngenerate: [{ worst: { budget: 9 } }]').search!.budget, 9);
});

const wrong: [string, RegExp][] = [
  ['name: [', /^c.yaml:1: /],
  ['name: x\nscenario: []', /^c.yaml:2: scenario: unknown key/],
  ['name: x', /^c.yaml:1: the file: no scenarios/],
  ['name: x\nwindow: 5', /^c.yaml:2: window: /],
  ['name: x\nwindow: 5 s', /^c.yaml:2: window: /],
  [`${head}      - { failure: { type: x }, duration: 1s }`, /^c.yaml:5: scenarios.0.failures.0/],
  [`${head}${loss}loss: 2 } }`, /^c.yaml:5: .*link_degradation: loss/],
  [`${head}${loss}lost: 1 } }`, /^c.yaml:5: .*unknown parameter 'lost'/],
  [`${head}${loss}loss: 1 }, after: x end }`, /^c.yaml:5: .*comes after 'x'/],
  [`${head}${loss}loss: 1 }, after: x }`, /^c.yaml:5: scenarios.0.failures.0.after/],
  [`${head}${loss}delay: 1ms, delayNs: 1 } }`, /^c.yaml:5: .*twice/],
  [`${head}${loss}loss: 1 } }\n  - { name: one, failures: [] }`, /^c.yaml:6: .*named 'one'/],
  ['name: x\ngenerate: [{ random: { count: 1, rates: { q: 1 } } }]', /^c.yaml:2: .*'q'/],
  ['name: x\ngenerate: [{ best: {} }]', /^c.yaml:2: generate.0/],
];

for (const [text, message] of wrong) {
  test(`refused with its line: ${JSON.stringify(text.slice(-60))}`, (t) => {
    const error = t.throws(() => plan(text), { instanceOf: UmbraError });
    t.is(error?.code, 'INVALID_FILE');
    t.regex(error!.message, message);
  });
}

for (const name of readdirSync(shippedFile('scenarios'))) {
  test(`scenarios/${name} is right, and so are its targets`, (t) => {
    const path = shippedFile(`scenarios/${name}`);
    const file = parseCampaign(readFileSync(path, 'utf8'), path);
    const found = join(shippedFile('scenarios'), file.topology!);
    const known = readTopology(readFileSync(found, 'utf8'), found);
    t.notThrows(() => checkPlan(known, known.traffic, file.planFor(known)));
  });
}
