/**
 * Campaigns as files, YAML or JSON: scenarios with their failures on a timeline, and generators.
 * Errors name the file, the line and the key.
 */
import { Type, type Static } from 'typebox';
import { CheckedYaml } from '../checked/index.js';
import { durationPattern, parseDuration } from '../base/duration.js';
import { UmbraError } from '../base/errors.js';
import { failureSchemas, readFailure, type Failure } from '../fault/index.js';
import type { Topology } from '../topology/index.js';
import { comparisons, expectedMetrics } from './expectation.js';
import { pairsOf, singleFailures, weightedFailures } from './generate.js';
import { planOf, singleScenario, type Scenario, type ScenarioFrame } from './scenario.js';
import type { TimedFailure } from './timeline.js';
import type { WorstOptions } from './worst.js';

const closed = { additionalProperties: false };
const literals = <T extends string>(values: readonly T[]) =>
  Type.Union(values.map((value) => Type.Literal(value)));
const duration = (description: string) =>
  Type.Optional(
    Type.String({ pattern: durationPattern, description: `${description}; like 50ms` }),
  );
const whole = (minimum: number, description: string) => Type.Integer({ minimum, description });

const ExpectationSchema = Type.Object(
  {
    metric: literals(expectedMetrics),
    of: Type.String({ description: 'all, flow NAME or service NAME' }),
    comparison: literals(comparisons),
    value: Type.Number({ description: 'ms, Mbit/s, or a share of 0 to 1' }),
  },
  closed,
);

const FailureSchema = Type.Object(
  { type: literals(Object.keys(failureSchemas)) },
  { additionalProperties: true, description: 'a failure, as docs/faults.md has them' },
);

const TimedSchema = Type.Object(
  {
    id: Type.Optional(Type.String()),
    start: duration('from the end of the steady phase, or from what `after` names'),
    duration: Type.String({ pattern: durationPattern }),
    repeat: Type.Optional(
      Type.Object(
        { times: whole(1, 'how often'), every: Type.String({ pattern: durationPattern }) },
        closed,
      ),
    ),
    after: Type.Optional(
      Type.String({ pattern: '^.+ (start|end)$', description: 'ID start, or ID end' }),
    ),
    failure: FailureSchema,
  },
  closed,
);

/** What a scenario has of its own, or a campaign for all of its scenarios. */
const frame = {
  before: duration('how long the steady state is watched'),
  after: duration('how long it goes on after the last failure'),
  recovery: duration('part of `after` in which nothing is expected'),
  window: duration('in which expectations are measured'),
  hypothesis: Type.Optional(Type.Array(ExpectationSchema)),
  stop: Type.Optional(Type.Array(ExpectationSchema)),
};

const ScenarioSchema = Type.Object(
  {
    name: Type.String(),
    seed: Type.Optional(whole(0, 'the campaign’s unless given')),
    ...frame,
    failures: Type.Array(TimedSchema),
  },
  closed,
);

const rates = Type.Optional(
  Type.Record(Type.String(), Type.Number({ minimum: 0 }), {
    description: 'how often each link or switch fails, in one unit',
  }),
);

const GeneratorSchema = Type.Union([
  Type.Object({ singles: Type.Object({}, closed) }, closed),
  Type.Object(
    { pairs: Type.Object({ limit: Type.Optional(whole(1, 'pairs at most')) }, closed) },
    closed,
  ),
  Type.Object(
    {
      severities: Type.Object(
        {
          failure: FailureSchema,
          parameter: Type.String(),
          values: Type.Array(Type.Union([Type.Number(), Type.String()])),
        },
        closed,
      ),
    },
    closed,
  ),
  Type.Object({ random: Type.Object({ count: whole(1, 'failures'), rates }, closed) }, closed),
  Type.Object(
    {
      worst: Type.Object(
        { budget: whole(1, 'runs'), size: Type.Optional(whole(1, 'failures at once')) },
        closed,
      ),
    },
    closed,
  ),
]);

/** A campaign's file. */
export const CampaignSchema = Type.Object(
  {
    name: Type.String(),
    topology: Type.Optional(Type.String({ description: 'a file, relative to this one' })),
    seed: Type.Optional(whole(0, '1 unless given')),
    repeats: Type.Optional(whole(1, 'seeds for each scenario, 1 unless given')),
    warmUp: duration('traffic before any scenario'),
    duration: duration('of the failures that generators make'),
    ...frame,
    scenarios: Type.Optional(Type.Array(ScenarioSchema)),
    generate: Type.Optional(Type.Array(GeneratorSchema)),
  },
  { ...closed, title: 'Umbra campaign' },
);

/** A campaign as it is run: plain data. */
export interface CampaignPlan {
  name: string;
  seed: number;
  warmUpNs: number;
  scenarios: Scenario[];
  /** A search for the worst combination of single failures, after the scenarios. */
  search?: WorstOptions & { frame: ScenarioFrame; durationNs: number };
}

/** Runs that a plan may come to. */
export function runCount({ scenarios, search }: CampaignPlan): number {
  return scenarios.length + (search?.budget ?? 0);
}

/** A file that is right in itself; what it names is looked up when its topology is known. */
export interface CampaignFile {
  /** As the file has it. */
  topology: string | undefined;
  /**
   * Throws INVALID_FILE naming the line of what is not in the topology or cannot be.
   * @param seed instead of the file's
   */
  planFor(topology: Topology, seed?: number): CampaignPlan;
}

type FileValue = Static<typeof CampaignSchema>;

/** Reads a campaign's text. Throws INVALID_FILE. */
export function parseCampaign(text: string, path: string): CampaignFile {
  const checked = new CheckedYaml(text, path, CampaignSchema);
  const { value } = checked;
  return {
    topology: value.topology,
    planFor: (topology, seed) => new Planner(checked, topology, seed).plan(),
  };
}

/** Makes a plan of a file. */
class Planner {
  readonly #value: FileValue;
  readonly #seed: number;
  readonly #durationNs: number;

  constructor(
    private readonly file: CheckedYaml<typeof CampaignSchema>,
    private readonly topology: Topology,
    seed?: number,
  ) {
    this.#value = file.value;
    this.#seed = seed ?? file.value.seed ?? 1;
    this.#durationNs = nsOf(file.value.duration, '2s');
  }

  plan(): CampaignPlan {
    const { generate = [], name, repeats = 1, scenarios = [], warmUp } = this.#value;
    const written = scenarios.map((_, i) => this.#scenario(i));
    const generated = generate.flatMap((_, i) => this.#generated(i));
    const all = [...written, ...generated];
    const ids = new Set(all.map(({ id }) => id));
    if (ids.size < all.length) {
      const twice = all.findIndex(({ id }, i) => all.findIndex((one) => one.id === id) < i);
      throw this.file.error(['scenarios', twice], `two scenarios are named '${all[twice]!.id}'`);
    }
    const search = generate.findIndex((one) => 'worst' in one);
    if (all.length === 0 && search < 0) throw this.file.error([], 'no scenarios');
    return {
      name,
      seed: this.#seed,
      warmUpNs: nsOf(warmUp, '1s'),
      scenarios: all.flatMap((scenario) => repeated(scenario, repeats)),
      ...(search >= 0 && { search: this.#search(search) }),
    };
  }

  #frame(own: Partial<Pick<FileValue, keyof typeof frame>> & { seed?: number }): ScenarioFrame {
    const all = this.#value;
    return {
      seed: own.seed ?? this.#seed,
      beforeNs: nsOf(own.before ?? all.before, '1s'),
      afterNs: nsOf(own.after ?? all.after, '2s'),
      recoveryNs: nsOf(own.recovery ?? all.recovery, '1s'),
      windowNs: Math.max(1, nsOf(own.window ?? all.window, '250ms')),
      hypothesis: own.hypothesis ?? all.hypothesis ?? [],
      stop: own.stop ?? all.stop ?? [],
    };
  }

  #scenario(i: number): Scenario {
    const written = this.#value.scenarios![i]!;
    const failures = written.failures.map((_, f) => this.#timed(i, f));
    const scenario: Scenario = { id: written.name, ...this.#frame(written), failures };
    this.file.at(['scenarios', i, 'failures'], () => planOf(scenario));
    return scenario;
  }

  #timed(i: number, f: number): TimedFailure {
    const { after, duration: lasts, failure, id, repeat, start } =
      this.#value.scenarios![i]!.failures[f]!;
    const [, other, edge] = /^(.+) (start|end)$/.exec(after ?? '') ?? [];
    return {
      id: id ?? `failure-${f + 1}`,
      failure: this.file.at(['scenarios', i, 'failures', f, 'failure'], () => failureFrom(failure)),
      startNs: nsOf(start, '0s'),
      durationNs: nsOf(lasts, '0s'),
      ...(repeat && { repeat: { times: repeat.times, everyNs: nsOf(repeat.every, '0s') } }),
      ...(other !== undefined && { after: { id: other, edge: edge as 'start' | 'end' } }),
    };
  }

  #generated(i: number): Scenario[] {
    const generator = this.#value.generate![i]!;
    const kind = Object.keys(generator)[0]!;
    const failures = this.file.at(['generate', i, kind], (): Failure[][] => {
      if ('singles' in generator) return singleFailures(this.topology).map((one) => [one]);
      if ('pairs' in generator) {
        return pairsOf(singleFailures(this.topology)).slice(0, generator.pairs.limit);
      }
      if ('random' in generator) {
        const { count, rates: known } = generator.random;
        const weights = known === undefined ? {} : { rates: known };
        return weightedFailures(this.topology, this.#seed, count, weights).map((one) => [one]);
      }
      if ('severities' in generator) {
        const { failure, parameter, values } = generator.severities;
        return values.map((value) => [failureFrom({ ...failure, [parameter]: value })]);
      }
      return [];
    });
    return failures.map((some, n) =>
      singleScenario(`${kind}-${n + 1}`, some, this.#frame({}), this.#durationNs),
    );
  }

  #search(i: number): NonNullable<CampaignPlan['search']> {
    const generator = this.#value.generate![i]!;
    if (!('worst' in generator)) throw this.file.error(['generate', i], 'no search');
    return { ...generator.worst, frame: this.#frame({}), durationNs: this.#durationNs };
  }
}

function repeated(scenario: Scenario, repeats: number): Scenario[] {
  if (repeats === 1) return [scenario];
  return Array.from({ length: repeats }, (_, i) => {
    return { ...scenario, id: `${scenario.id} #${i + 1}`, seed: scenario.seed + i };
  });
}

function nsOf(text: string | undefined, otherwise: string): number {
  return parseDuration(text ?? otherwise)!;
}

/** A failure with its times as people write them: `delay: 20ms` for `delayNs: 20000000`. */
function failureFrom(given: Record<string, unknown>): Failure {
  const schema = failureSchemas[given['type'] as keyof typeof failureSchemas];
  const names = Object.keys(schema.properties);
  const entries = Object.entries(given).map(([name, value]): [string, unknown] => {
    const ns = typeof value === 'string' ? parseDuration(value) : undefined;
    if (ns === undefined) return [name, value];
    if (names.includes(`${name}Ns`)) return [`${name}Ns`, ns];
    return [name, name.endsWith('Ns') ? ns : value];
  });
  if (new Set(entries.map(([name]) => name)).size < entries.length) {
    throw new UmbraError('INVALID_INPUT', 'a time is there twice');
  }
  return readFailure(Object.fromEntries(entries));
}
