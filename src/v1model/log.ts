/** Messages that a program logs: its format with the values put in. */
import type { LoggedValue } from './environment.js';

/**
 * Each `{...}` takes the next value in decimal; `\\{` and `\\}` stand for braces. A brace without a
 * value stays, and so does what follows an open one.
 */
export function logText(format: string, values: readonly LoggedValue[]): string {
  let next = 0;
  return format.replace(/\\([{}])|\{[^}]*\}/g, (found: string, brace: string | undefined) => {
    if (brace !== undefined) return brace;
    const value = values[next++];
    return value === undefined ? found : decimal(value);
  });
}

function decimal(value: LoggedValue): string {
  if (typeof value === 'number') return String(value);
  const [isSigned, ...words] = value;
  const whole = words.reduce((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n);
  return String(isSigned ? BigInt.asIntN(32 * words.length, whole) : whole);
}
