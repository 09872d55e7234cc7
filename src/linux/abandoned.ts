/**
 * Cables that a killed run left behind. Every cable carries the number and start time of the
 * process that made it as its alias, so that exactly those of processes that are gone are removed.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const INTERFACES = '/sys/class/net';
/** Of /proc/PID/stat behind the program's name, which may hold anything. */
const START_TIME_FIELD = 19;

/** What a cable of this process is marked with. */
export function cableMark(): string {
  return `umbra ${process.pid} ${startTimeOf(process.pid)}`;
}

/** Takes the cables of dead processes away; gives their names. */
export function removeAbandonedCables(): string[] {
  const removed: string[] = [];
  for (const name of readdirSync(INTERFACES)) {
    const [, pid, started] = /^umbra (\d+) (\d+)$/.exec(aliasOf(name)) ?? [];
    if (pid === undefined || startTimeOf(Number(pid)) === started) continue;
    if (spawnSync('ip', ['link', 'del', name]).status === 0) removed.push(name);
  }
  return removed;
}

function aliasOf(name: string): string {
  try {
    return readFileSync(`${INTERFACES}/${name}/ifalias`, 'utf8').trim();
  } catch {
    // No interface, or one that has just gone.
    return '';
  }
}

/** Ticks from boot to the start of a process; undefined when there is none of that number. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_TIME_FIELD];
  } catch {
    return undefined;
  }
}
