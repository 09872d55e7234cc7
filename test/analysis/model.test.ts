import { spawnSync } from 'node:child_process';
import test from 'ava';
import { fitModel, fitRidge, type Model, type Observation } from '../../src/analysis/index.js';
import { shippedFile } from '../../src/base/paths.js';
import { Prng } from '../../src/base/prng.js';

const options = { target: 'y', level: 0.9 };

/** y = 3a - 2b + 1 plus noise of a given width; b is small and far from 0, c never varies. */
function linear(count: number, noise: number, seed = 1): Observation[] {
  const random = new Prng(seed);
  return Array.from({ length: count }, () => {
    const a = random.unit() * 10;
    const b = 1000 + random.unit() / 10;
    const target = 3 * a - 2 * b + 1 + noise * (random.unit() - 0.5);
    return { features: { a, b, c: 5 }, target };
  });
}

const rows = (count: number, make: (i: number) => Partial<Observation>): Observation[] =>
  Array.from({ length: count }, (_, i) => ({ features: { a: i }, target: i, ...make(i) }));
const slope = (model: Model, name: string): number => {
  const at = { a: 5, b: 1000.05, c: 5 };
  return model.predict({ ...at, [name]: 1 + at[name as 'a'] }).value - model.predict(at).value;
};

test('recovers the coefficients, in 64 bits', async (t) => {
  const model = await fitModel(linear(300, 0), options);
  t.deepEqual(model.features, ['a', 'b', 'c']);
  t.true(Math.abs(slope(model, 'a') - 3) < 0.01, `${slope(model, 'a')}`);
  t.true(Math.abs(slope(model, 'b') + 2) < 0.01, `${slope(model, 'b')}`);
  t.is(slope(model, 'c'), 0);
  t.true(model.mae < model.baselineMae / 100);
});

test('differences that 32 bits would lose are kept', async (t) => {
  const model = await fitModel(
    rows(40, (i) => ({ features: { a: 2 ** 40 + i } })),
    options,
  );
  t.true(model.mae < 0.1, `${model.mae}`);
});

test('weights of ridge against the closed form of one feature', (t) => {
  const x = [1, 2, 3, 4, 5, 6];
  const y = x.map((value) => 10 + 4 * value);
  const deviation = Math.sqrt(35 / 12);
  for (const lambda of [1e-9, 0.5, 3]) {
    const { weights, predict } = fitRidge(
      x.map((value) => [value]),
      y,
      lambda,
    );
    const expected = (4 * deviation) / (1 + lambda);
    t.true(Math.abs(weights[0]! - expected) < 1e-9);
    t.true(Math.abs(predict([3.5]) - 24) < 1e-9);
  }
});

for (const constant of [0, 0.1, 5, 1e9, -1e-9]) {
  test(`a feature that is always ${constant} has no weight`, (t) => {
    const X = Array.from({ length: 999 }, (_, i) => [i, constant]);
    t.is(
      fitRidge(
        X,
        X.map((row) => row[0]!),
        1e-4,
      ).weights[1],
      0,
    );
  });
}

for (const level of [0.5, 0.9]) {
  test(`intervals of level ${level} cover as much, of what was left out and of new data`, async (t) => {
    const count = 400;
    const model = await fitModel(linear(count, 4), { target: 'y', level });
    const band = 4 * Math.sqrt((level * (1 - level)) / count);
    t.true(Math.abs(model.coverage - level) < band, `out of fold ${model.coverage}`);
    const fresh = linear(2000, 4, 2);
    const inside =
      fresh.filter(({ features, target }) => {
        const { low, high } = model.predict(features);
        return low <= target && target <= high;
      }).length / fresh.length;
    t.true(Math.abs(inside - level) < band, `new ${inside}`);
  });
}

test('intervals widen where errors are larger', async (t) => {
  const random = new Prng(3);
  const uneven = rows(400, (i) => ({ target: i + (i * (random.unit() - 0.5)) / 2 }));
  const model = await fitModel(uneven, options);
  const width = (a: number): number => model.predict({ a }).high - model.predict({ a }).low;
  t.true(width(380) > 2 * width(40), `${width(380)} against ${width(40)}`);
});

test('groups are not split: what is alike within a group does not flatter', async (t) => {
  const random = new Prng(5);
  const shared = Array.from({ length: 41 }, () => random.unit());
  const features = (i: number): Record<string, number> =>
    Object.fromEntries(shared.map((_, g) => [`is ${g}`, g === i % 41 ? 1 : 0]));
  const of = (group?: (i: number) => string): Promise<Model> =>
    fitModel(
      rows(400, (i) => {
        return { features: features(i), target: shared[i % 41]!, group: group?.(i) };
      }),
      options,
    );
  const [split, whole] = [await of(), await of((i) => `${i % 41}`)];
  t.true(split.mae < split.baselineMae / 10);
  t.true(whole.mae > whole.baselineMae / 2);
});

test('more features than rows, constant targets, no features: still a model', async (t) => {
  const wide = rows(12, (i) => {
    return {
      features: Object.fromEntries([...Array(30).keys()].map((k) => [`f${k}`, (i * k) % 7])),
    };
  });
  t.true(Number.isFinite((await fitModel(wide, options)).predict(wide[0]!.features).value));
  const flat = await fitModel(
    rows(20, () => ({ target: 7 })),
    options,
  );
  t.deepEqual(flat.predict({ a: 3 }), { value: 7, low: 7, high: 7 });
  const blind = await fitModel(
    rows(20, () => ({ features: {} })),
    options,
  );
  t.is(blind.mae, blind.baselineMae);
});

const bad: [string, Observation[], RegExp, object?][] = [
  ['no rows', [], /model of y: 0 scenarios, 5 or more are needed/],
  ['few groups', rows(50, (i) => ({ group: `${i % 3}` })), /3 scenarios, 5 or more are needed/],
  [
    'few rows for the level',
    rows(50, () => ({})),
    /50 observations, level 0.99 needs 99/,
    { level: 0.99 },
  ],
  ['a level of 1', rows(50, () => ({})), /level 1, must be above 0 and below 1/, { level: 1 }],
  ['one fold', rows(50, () => ({})), /1 folds, must be 2 or more/, { folds: 1 }],
  [
    'a feature that is NaN',
    rows(20, (i) => ({ features: { a: i === 3 ? NaN : i } })),
    /observation 3: 'a' is NaN/,
  ],
  [
    'a missing feature',
    rows(20, (i) => ({ features: { a: i, ...(i < 9 && { b: 1 }) } })),
    /observation 9: 'b' is undefined/,
  ],
  [
    'a feature too many',
    rows(20, (i) => ({ features: { a: i, ...(i > 9 && { b: 1 }) } })),
    /observation 10: 'b' is not in the others/,
  ],
  [
    'an infinite target',
    rows(20, (i) => ({ target: i === 2 ? Infinity : i })),
    /observation 2: target is Infinity/,
  ],
];

for (const [name, observations, message, more] of bad) {
  test(`refused: ${name}`, async (t) => {
    const fit = fitModel(observations, { ...options, ...more });
    await t.throwsAsync(fit, { code: 'INVALID_INPUT', message });
  });
}

test('another process gives the same bytes, prints nothing else, and ends', (t) => {
  const door = JSON.stringify(shippedFile('dist/src/analysis/index.js'));
  const script = `const { fitModel } = await import(${door});
    const rows = [...Array(60).keys()].map((i) => ({
      features: { a: i, b: (i * i) % 17 }, target: Math.sin(i) + i, group: String(i % 20) }));
    const { predict, ...model } = await fitModel(rows, { target: 'y', level: 0.9 });
    console.log(JSON.stringify([model, predict({ a: 7.5, b: 3 })]));`;
  const run = (): string => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', script],
      { encoding: 'utf8', timeout: 120_000 },
    );
    t.deepEqual([status, stderr], [0, '']);
    return stdout;
  };
  const first = run();
  t.regex(first, /^\[\{"target":"y".*\}\]\n$/);
  t.is(run(), first);
});
