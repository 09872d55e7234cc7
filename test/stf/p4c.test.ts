/**
 * The yardstick: p4c's own v1model samples with STF, wherever p4c and its test data are at hand.
 * Those that do not pass are listed with their reason in docs/v1model-coverage.md; one that passes
 * after all, or fails without being listed, fails here.
 */
import { existsSync, readFileSync } from 'node:fs';
import test from 'ava';
import { shippedFile } from '../../src/base/paths.js';
import { readP4InfoText } from '../../src/p4runtime/index.js';
import { parseStf, runStf, stfReport } from '../../src/stf/index.js';
import { checkPipeline } from '../../src/switch/index.js';
import { compileSamples, listSamples, p4cSamples, type Sample } from './p4cSamples.js';

const missing = p4cSamples.check();
const samples = missing === undefined ? listSamples() : [];
const coverage = readFileSync(shippedFile('docs/v1model-coverage.md'), 'utf8');
const listed = new Set([...coverage.matchAll(/^\| `([^`]+)` \| .+ \|$/gm)].map((row) => row[1]!));

/** Why a sample fails, or undefined when it passes. */
function failureOf({ json, p4info, stf, name }: Sample): string | undefined {
  if (!existsSync(json)) return `${name}: p4c refuses it`;
  try {
    const { program } = checkPipeline({
      p4info: readP4InfoText(readFileSync(p4info, 'utf8'), p4info),
      p4DeviceConfig: readFileSync(json),
      cookie: undefined,
    });
    const result = runStf(program, parseStf(readFileSync(stf, 'utf8'), stf), { seed: 1 });
    return result.passed ? undefined : stfReport(result);
  } catch (error) {
    return String(error);
  }
}

if (missing !== undefined) {
  test('samples of p4c', (t) => {
    t.log(`SKIPPED: ${missing}`);
    t.pass();
  });
} else {
  test.before((t) => {
    t.timeout(600_000, 'p4c compiles');
    return compileSamples(samples);
  });

  for (const sample of samples) {
    test(sample.name, (t) => {
      const failure = failureOf(sample);
      if (listed.has(sample.name)) t.not(failure, undefined, 'listed in docs as not passing');
      else t.is(failure, undefined, failure);
    });
  }

  test('at least 200 of 204 pass', (t) => {
    t.true(samples.length >= 204, `${samples.length} samples`);
    t.true(listed.size <= 4, [...listed].join(', '));
  });
}
