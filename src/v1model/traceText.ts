/** A packet's trace as text for people: one line a step. */
import type { PacketTrace, TableStep, TraceStep, TracedAction } from './trace.js';

/** Lines without line ends. */
export function traceLines(trace: PacketTrace): string[] {
  const indent = (step: TraceStep): string => (step.kind === 'in' ? '' : '  ');
  const lines = trace.steps.map((step) => `${indent(step)}${lineOf(step)}`);
  if (trace.leftOut > 0) lines.push(`  ... ${trace.leftOut} more steps`);
  return lines;
}

function lineOf(step: TraceStep): string {
  switch (step.kind) {
    case 'in':
      return `in       port ${step.port}, ${step.bytes} bytes, ${step.instance}`;
    case 'state':
      return `parser   state ${step.name}`;
    case 'extract':
      return `parser   header ${step.header} at byte ${step.offset}`;
    case 'parsed':
      return step.error === undefined
        ? `parser   accepts after ${step.bytes} bytes`
        : `parser   error.${step.error} after ${step.bytes} bytes`;
    case 'condition':
      return `${step.pipeline.padEnd(8)} ${step.text} is ${step.value}${placeOf(step.place)}`;
    case 'table':
      return tableLine(step);
    case 'egress':
      return `egress   towards port ${step.port}${step.instance ? `, rid ${step.instance}` : ''}`;
    case 'copy':
      return `copy     ${step.why} ${step.id} to ports ${step.ports.join(', ') || 'none'}`;
    case 'again':
      return `again    ${step.why}`;
    case 'hold':
      return `hold     until ${step.untilNs} ns`;
    case 'drop':
      return `drop     ${step.reason}`;
    case 'out':
      return `out      port ${step.port}, ${step.bytes} bytes`;
  }
}

function placeOf(place: string): string {
  return place === '' ? '' : ` (${place})`;
}

function tableLine(step: TableStep): string {
  const key = step.key.map(({ name, value }) => `${name}=${value}`).join(', ');
  const parts = [`${step.pipeline.padEnd(8)} ${step.table}`];
  if (key !== '') parts.push(`[${key}]`);
  if (step.entry) {
    const { match, priority } = step.entry;
    const found = match.map(({ value }) => value).join(', ');
    parts.push(`hit ${found}${priority > 0 ? ` priority ${priority}` : ''}`);
  } else if (step.key.length > 0) parts.push('miss');
  if (step.group !== undefined) parts.push(`group ${step.group}`);
  if (step.member !== undefined) parts.push(`member ${step.member}`);
  parts.push(`-> ${step.action ? actionText(step.action) : 'no action'}`);
  return `${parts.join(' ')}${placeOf(step.place)}`;
}

function actionText({ name, params }: TracedAction): string {
  return `${name}(${params.map((p) => `${p.name}=${p.value}`).join(', ')})`;
}
