/**
 * What a live test needs of the machine. A test that finds it missing passes at once and says why;
 * the test command counts it as skipped and lists the reason.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { ExecutionContext } from 'ava';

/** A thing to need: `check` gives the reason why it is missing, or undefined. */
export interface Requirement {
  check(): string | undefined;
}

/** Absolute path of a program on PATH, or undefined. */
export function findProgram(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** A program on PATH. */
export function program(name: string): Requirement {
  return { check: () => (findProgram(name) ? undefined : `${name} is not installed`) };
}

/** Root with the right to make network namespaces. */
export const namespaces: Requirement = {
  check() {
    if (process.getuid?.() !== 0) return 'needs root for network namespaces';
    if (!findProgram('ip')) return 'ip (iproute2) is not installed';
    const name = `umbra-probe-${process.pid}`;
    const made = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' });
    if (made.status !== 0) return `cannot make a network namespace: ${made.stderr.trim()}`;
    spawnSync('ip', ['netns', 'del', name]);
    return undefined;
  },
};

/** True when the test should return at once: something it needs is missing, and that was said. */
export function skipUnless(t: ExecutionContext, ...needs: Requirement[]): boolean {
  for (const need of needs) {
    const reason = need.check();
    if (reason === undefined) continue;
    t.log(`SKIPPED: ${reason}`);
    t.pass();
    return true;
  }
  return false;
}
