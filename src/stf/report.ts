/** A result for people: what failed at which line, and packets one above the other. */
import type { StfFailure, StfResult } from './result.js';

/** Bytes in a row. */
const ROW = 16;

/** The result as text, without an end of line. */
export function stfReport(result: StfResult): string {
  const { file, passed, sent, received, failures, readings } = result;
  const readingLines = readings.map(({ line, text }) => `${file}:${line}: ${text}`);
  const failureLines = failures.flatMap((failure) => failureText(file, failure));
  const count = failures.length === 1 ? '1 failure' : `${failures.length} failures`;
  const verdict = passed ? 'passed' : `FAILED with ${count}`;
  const total = `${file}: ${verdict}, ${sent} packets in, ${received} out`;
  return [...readingLines, ...failureLines, total].join('\n');
}

function failureText(file: string, { line, message, packets }: StfFailure): string[] {
  const head = `${file}:${line}: ${message}`;
  if (!packets) return [head];
  const { expected, got, firstDifference: at } = packets;
  const rows: string[] = [];
  // Behind an open end anything may follow.
  const end = expected.endsWith('$') ? got.length : Math.max(expected.length, at + 1);
  for (let from = 0; from < end; from += ROW * 2) {
    const offset = (from / 2).toString(16).padStart(4, '0');
    rows.push(`  ${offset}  expected  ${row(expected, from)}`.trimEnd());
    rows.push(`        got       ${row(got, from)}`.trimEnd());
    if (at >= from && at < from + ROW * 2) {
      const column = (at - from) + Math.floor((at - from) / 2);
      rows.push(`                  ${' '.repeat(column)}^`);
    }
  }
  return [head, ...rows];
}

function row(digits: string, from: number): string {
  return (digits.slice(from, from + ROW * 2).match(/..?/g) ?? []).join(' ');
}
