/** What commands print: one document on stdout, progress on stderr. */
import { SingleBar, Presets } from 'cli-progress';
import type { Progress } from '../base/log.js';
import type { Report } from '../app/index.js';
import type { PhaseFigures } from '../advice/index.js';
import { metricUnit, type Effect } from '../telemetry/index.js';

/** Ends a command with status 1: it did its work, and its own output says what failed. */
export class CommandFailed extends Error {}

/** Progress for people: a bar on a terminal, plain lines elsewhere. */
export class ConsoleProgress implements Progress {
  readonly #began = performance.now();
  #bar: SingleBar | undefined;
  #lastTenth = -1;

  step(message: string): void {
    this.#endBar();
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(1).padStart(5);
    process.stderr.write(`${seconds} s  ${message}\n`);
  }

  tick(label: string, done: number, total: number): void {
    if (process.stderr.isTTY) {
      if (!this.#bar) {
        const format = '         [{bar}] {value}/{total}  {label}';
        this.#bar = new SingleBar({ format, stream: process.stderr }, Presets.shades_classic);
        this.#bar.start(total, 0, { label });
      }
      this.#bar.update(done, { label });
    } else {
      const tenth = Math.floor((done / total) * 10);
      if (tenth !== this.#lastTenth && total > 10) {
        process.stderr.write(`         ${done} of ${total}\n`);
      }
      this.#lastTenth = tenth;
    }
    if (done === total) this.#endBar();
  }

  #endBar(): void {
    this.#bar?.stop();
    this.#bar = undefined;
    this.#lastTenth = -1;
  }
}

/** One JSON document, or text. */
export function print(document: unknown, isJson: boolean, text: () => string): void {
  process.stdout.write(isJson ? `${JSON.stringify(document, null, 2)}\n` : `${text()}\n`);
}

/** Rows as aligned columns under a heading. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd();
  return [line(heading), line(widths.map((w) => '-'.repeat(w))), ...rows.map(line)].join('\n');
}

/** A figure with a sensible number of digits. */
export function figure(value: number): string {
  if (value === 0) return '0';
  return String(Number(value.toPrecision(3)));
}

function value(metric: string, x: number, unit: string): string {
  return unit === 'share' ? `${figure(x * 100)} %` : `${figure(x)} ${unit}`;
}

const metricNames: Record<string, string> = {
  p95Ms: 'p95 latency',
  throughputMbps: 'throughput',
  lossRate: 'loss',
  errorRate: 'errors',
};

/** How a failure changed one flow, in a line. */
export function effectText({ after, before, flow, metric }: Effect): string {
  const unit = metricUnit[metric];
  const change = `${value(metric, before, unit)} to ${value(metric, after, unit)}`;
  return `    ${metricNames[metric]} of ${flow}: ${change}`;
}

/** The report for people. */
export function reportText(report: Report): string {
  const forecasts = report.forecasts.map((f, i) => [
    String(i + 1),
    f.failure,
    f.flow,
    metricNames[f.metric] ?? f.metric,
    `${f.value >= 0 ? '+' : ''}${value(f.metric, f.value, f.unit)}`,
    `${value(f.metric, f.low, f.unit)} to ${value(f.metric, f.high, f.unit)}`,
  ]);
  const recommendations = report.recommendations.flatMap((r) => [
    `${r.id}: if ${r.failure}, ${r.action}` +
      (r.entities > 0 ? ` (${r.entities} entries change)` : ''),
    table(
      ['', 'flow', 'p95', 'errors', 'loss', 'throughput'],
      [
        phaseRow('before', r.before),
        phaseRow('during', r.during),
        phaseRow('after', r.after),
        phaseRow('after, nothing done', r.withoutAction),
      ],
    ),
    '',
  ]);
  return [
    'The worst forecasts for production (change of the worst-hit flow, 90 % interval)',
    '',
    table(['', 'failure', 'flow', 'metric', 'forecast', 'interval'], forecasts),
    '',
    'Recommendations, each rehearsed on the shadow under the same seeded failure',
    '',
    ...recommendations,
  ].join('\n');
}

function phaseRow(name: string, f: PhaseFigures): string[] {
  return [
    name,
    f.flow,
    f.p95Ms === null ? 'none done' : `${figure(f.p95Ms)} ms`,
    `${figure(f.errorRate * 100)} %`,
    `${figure(f.lossRate * 100)} %`,
    `${figure(f.throughputMbps)} Mbit/s`,
  ];
}
