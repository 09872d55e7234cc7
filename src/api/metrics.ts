/** Prometheus' text format: what a running system counts. */
import type { System } from '../app/index.js';

type Labels = Record<string, string>;

/** One metric with its samples. */
interface Metric {
  name: string;
  type: 'counter' | 'gauge';
  help: string;
  samples: [labels: Labels, value: number][];
}

/** The metrics of a system; of none, that there is none. */
export async function metricsText(system: System | undefined): Promise<string> {
  const up: Metric = {
    name: 'umbra_up',
    type: 'gauge',
    help: 'Whether the system is built.',
    samples: [[{}, system ? 1 : 0]],
  };
  const found = system ? [await shadowMetrics(system), await mirrorMetrics(system)] : [];
  return [up, ...found.flat()].map(metricText).join('');
}

async function shadowMetrics(system: System): Promise<Metric[]> {
  const { entries, equal, fidelity, ageMs, parts } = await system.shadow();
  const gauge = (name: string, help: string, samples: Metric['samples']): Metric => {
    return { name, type: 'gauge', help, samples };
  };
  const metrics = [
    gauge('umbra_shadow_entities', 'Entities of production.', [[{}, entries]]),
    gauge('umbra_shadow_entities_equal', 'Of those, equal in the shadow.', [[{}, equal]]),
    gauge('umbra_shadow_age_seconds', 'Since production was last read.', [[{}, ageMs / 1000]]),
    gauge('umbra_shadow_fidelity', 'How far the shadow can be trusted, 0 to 1.', [[{}, fidelity]]),
  ];
  if (!parts) return metrics;
  const named = (['state', 'freshness', 'mirror', 'baseline'] as const)
    .filter((part) => !(parts.unmeasured as string[]).includes(part))
    .map((part): [Labels, number] => [{ part }, parts[part]]);
  const help = 'What the fidelity is the product of; parts that were measured.';
  return [...metrics, gauge('umbra_shadow_fidelity_part', help, named)];
}

async function mirrorMetrics(system: System): Promise<Metric[]> {
  const { rules, strangers } = await system.mirror();
  const byRule = (pick: (rule: (typeof rules)[number]) => number): Metric['samples'] =>
    rules.map((rule) => [{ rule: rule.name }, pick(rule)]);
  return [
    {
      name: 'umbra_mirror_expected_total',
      type: 'counter',
      help: 'Copies that production sent, by rule.',
      samples: byRule(({ expected }) => expected),
    },
    {
      name: 'umbra_mirror_copied_total',
      type: 'counter',
      help: 'Copies that arrived, by rule.',
      samples: byRule(({ copied }) => copied),
    },
    {
      name: 'umbra_mirror_limited_total',
      type: 'counter',
      help: 'Packets not copied because their rule was past its rate.',
      samples: byRule(({ limited }) => limited),
    },
    {
      name: 'umbra_mirror_completeness',
      type: 'gauge',
      help: 'Copied of expected, by rule.',
      samples: byRule(({ completeness }) => completeness),
    },
    {
      name: 'umbra_mirror_strangers_total',
      type: 'counter',
      help: 'Packets that were no copies of known switches, by reason.',
      samples: Object.entries(strangers).map(([reason, count]) => [{ reason }, count]),
    },
  ];
}

function metricText({ name, type, help, samples }: Metric): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
    const number = Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : 'NaN';
    return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${number}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function escaped(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
