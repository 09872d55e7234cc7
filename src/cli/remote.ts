/** Commands that ask a running Umbra through its API. */
import { UmbraError } from '../base/errors.js';
import type { ForecastLine, MirrorState, ShadowState } from '../app/index.js';
import type { Recommendation } from '../advice/index.js';
import type { Rule } from '../p4runtime/index.js';
import type { Topology } from '../topology/index.js';
import { traceLines, type PacketTrace } from '../v1model/index.js';
import { figure, print, table } from './output.js';
import { readMirrorFile } from './readText.js';

/** Options that all of these commands have. */
export interface RemoteOptions {
  api: string;
  json?: boolean;
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Asks the API. Throws UNAVAILABLE when nobody answers, RPC with what it says. */
export async function call<T>(
  options: RemoteOptions,
  path: string,
  method: Method = 'GET',
  body?: unknown,
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`${options.api}/api/v1/${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  } catch (error) {
    throw new UmbraError(
      'UNAVAILABLE',
      `${options.api}: no Umbra answers; start one with 'umbra demo'`,
      {
        cause: error,
      },
    );
  }
  const document = (await response.json()) as T & { detail?: string };
  if (!response.ok) {
    throw new UmbraError('RPC', document.detail ?? `${options.api}: status ${response.status}`);
  }
  return document;
}

/** `umbra rules DEVICE [TABLE]`. */
export async function rules(device: string, name: string | undefined, options: RemoteOptions) {
  const id = encodeURIComponent(device);
  const path = name ? `tables/${encodeURIComponent(name)}/entries` : 'entries';
  const found = await call<Rule[]>(options, `devices/${id}/${path}`);
  print(found, options.json ?? false, () =>
    table(
      ['table', 'match', 'priority', 'action', 'packets'],
      found.map((rule) => [
        rule.table,
        Object.entries(rule.match)
          .map(([k, v]) => `${k}=${v}`)
          .join(' ') || 'any',
        String(rule.priority ?? ''),
        actionText(rule),
        String(rule.counter?.packets ?? ''),
      ]),
    ),
  );
}

function actionText(rule: Rule): string {
  if (rule.member !== undefined) return `member ${rule.member}`;
  if (rule.group !== undefined) return `group ${rule.group}`;
  const params = Object.entries(rule.params ?? {}).map(([k, v]) => `${k}=${v}`);
  return `${rule.action ?? ''}(${params.join(', ')})`;
}

/** `umbra devices`. */
export async function devices(options: RemoteOptions) {
  const found = await call<{ id: string; network: string; tables: number }[]>(options, 'devices');
  print(found, options.json ?? false, () =>
    table(
      ['device', 'tables'],
      found.map((d) => [d.id, String(d.tables)]),
    ),
  );
}

/** Options of `umbra trace`. */
export interface TraceOptions extends RemoteOptions {
  packets: number;
  port?: number;
  timeout: number;
}

/** `umbra trace DEVICE`. */
export async function trace(device: string, options: TraceOptions) {
  const query = new URLSearchParams({
    packets: String(options.packets),
    timeoutMs: String(Math.round(options.timeout * 1000)),
    ...(options.port === undefined ? {} : { port: String(options.port) }),
  });
  const path = `devices/${encodeURIComponent(device)}/trace?${query}`;
  const found = await call<PacketTrace[]>(options, path);
  print(found, options.json ?? false, () =>
    found.length === 0
      ? `no packet in ${figure(options.timeout)} s`
      : found.flatMap(traceLines).join('\n'),
  );
}

/** `umbra drops DEVICE`. */
export async function drops(device: string, options: RemoteOptions) {
  const path = `devices/${encodeURIComponent(device)}/drops`;
  const found = await call<Record<string, number>>(options, path);
  print(found, options.json ?? false, () =>
    table(
      ['reason', 'packets'],
      Object.entries(found).map(([reason, packets]) => [reason, String(packets)]),
    ),
  );
}

/** `umbra topology`. */
export async function topology(options: RemoteOptions) {
  const found = await call<Topology>(options, 'topology');
  print(found, options.json ?? false, () =>
    table(
      ['link', 'Mbit/s', 'delay us', 'queue kB'],
      found.links.map((link) => [
        link.name,
        String(link.bandwidthMbps),
        String(link.delayNs / 1000),
        String(Math.round(link.queueBytes / 1024)),
      ]),
    ),
  );
}

/** Options of `umbra mirror`. */
export interface MirrorOptions extends RemoteOptions {
  rules?: string;
}

/** `umbra mirror`, with `--rules FILE` after replacing all rules by those of the file. */
export async function mirror(options: MirrorOptions) {
  if (options.rules !== undefined) {
    await call(options, 'mirror/rules', 'PUT', readMirrorFile(options.rules));
  }
  const found = await call<MirrorState>(options, 'mirror');
  print(found, options.json ?? false, () =>
    [
      table(
        ['rule', 'sent', 'copied', 'complete', 'limited', 'known by'],
        found.rules.map((rule) => [
          rule.description,
          String(rule.expected),
          String(rule.copied),
          `${figure(rule.completeness * 100)} %`,
          String(rule.limited),
          rule.basis,
        ]),
      ),
      ...Object.entries(found.strangers).map(([reason, count]) => `not taken: ${count} ${reason}`),
    ].join('\n'),
  );
}

/** `umbra shadow`. */
export async function shadow(options: RemoteOptions) {
  const found = await call<ShadowState>(options, 'shadow');
  print(found, options.json ?? false, () =>
    [
      `${found.equal} of ${found.entries} entities equal, read ${figure(found.ageMs)} ms ago`,
      ...fidelityLines(found),
      ...found.differences.map((d) => `${d.device}: ${d.kind}: ${d.key}`),
      ...(found.devices ?? [])
        .filter(({ held }) => held > 0)
        .map(({ device, held }) => `${device}: ${held} changes held back by a fault`),
    ].join('\n'),
  );
}

function fidelityLines({ parts, inconclusive, baseline }: ShadowState): string[] {
  if (!parts) return [];
  const { score, unmeasured } = parts;
  const texts = (['state', 'freshness', 'mirror', 'baseline'] as const).map((part) => {
    const isKnown = !(unmeasured as string[]).includes(part);
    return `${part} ${isKnown ? figure(parts[part]) : 'not measured'}`;
  });
  const line = `fidelity ${figure(score)}: ${texts.join(', ')}`;
  return [
    line,
    ...(baseline ? [baselineLine(baseline)] : []),
    ...(inconclusive === undefined ? [] : [`campaigns are inconclusive: ${inconclusive}`]),
  ];
}

function baselineLine({ conversations, worst }: NonNullable<ShadowState['baseline']>): string {
  const parts = (['handshake', 'response', 'loss'] as const).flatMap((part) => {
    const closeness = worst[part];
    return closeness === undefined ? [] : [`${part} ${figure(closeness)}`];
  });
  const where = `${worst.client} to ${worst.server}:${worst.port}`;
  return `baselines: ${conversations} conversations; worst ${where}: ${parts.join(', ')}`;
}

/** `umbra forecast`. */
export async function forecasts(options: RemoteOptions) {
  const found = await call<ForecastLine[]>(options, 'forecasts');
  print(found, options.json ?? false, () =>
    table(
      ['failure', 'flow', 'metric', 'forecast', 'low', 'high', 'unit'],
      found.map((f) => [
        f.failure,
        f.flow,
        f.metric,
        figure(f.value),
        figure(f.low),
        figure(f.high),
        f.unit,
      ]),
    ),
  );
}

/** `umbra recommend`. */
export async function recommendations(options: RemoteOptions) {
  const found = await call<Recommendation[]>(options, 'recommendations');
  print(found, options.json ?? false, () =>
    table(
      ['id', 'failure', 'action', 'entries'],
      found.map((r) => [r.id, r.failure, r.action, String(r.entities)]),
    ),
  );
}
