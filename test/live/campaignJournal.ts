/** A campaign's journal, read line by line: what was kept, and in which order. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRecord } from '../../src/campaign/index.js';
import type { Fault } from '../../src/fault/index.js';
import type { PlacedEntry } from './wireNetwork.js';

/** All states that each document has had, and its last content. */
type Histories<T> = Map<string, { states: string[]; last: T }>;

/** What a journal says of a campaign's runs and faults. */
export interface JournalHistory {
  runs: Histories<RunRecord>;
  faults: Histories<Fault>;
}

/** Reads the whole lines of a store's journal. */
export function readHistory(folder: string): JournalHistory {
  const history: JournalHistory = { runs: new Map(), faults: new Map() };
  const lines = readFileSync(join(folder, 'journal.jsonl'), 'utf8').split('\n').slice(0, -1);
  for (const line of lines) {
    const { collection, document } = JSON.parse(line) as {
      collection: 'runs' | 'faults';
      document: RunRecord & Fault;
    };
    const documents: Histories<RunRecord & Fault> = history[collection] as typeof documents;
    const states = documents.get(document.id)?.states ?? [];
    documents.set(document.id, { states: [...states, document.state], last: document });
  }
  return history;
}

/** Of entries on switches those that no fault under way has on record. */
export function unrecordedEntries(
  folder: string,
  entries: readonly PlacedEntry[],
): PlacedEntry[] {
  const recorded = [...readHistory(folder).faults.values()].flatMap(({ last }) =>
    last.state === 'pending' || last.state === 'active' ? last.entries : [],
  );
  // Switches name a table whole, records by its last part.
  return entries.filter(
    ({ device, table }) =>
      !recorded.some(
        (entry) =>
          entry.kind === 'rule' && entry.device === device && table.endsWith(entry.rule.table),
      ),
  );
}

/** A run that was begun so often was interrupted but once less, and done in the end. */
const wholeRun = /^(running interrupted )*running done$/;
const wholeFault = /^pending( active)? (cleared|interrupted)$/;

/** What is wrong with the journal of campaigns that have all ended; each run there exactly once. */
export function historyProblems(
  { faults, runs }: JournalHistory,
  scenarios: readonly string[],
  campaigns: number,
): string[] {
  const problems: string[] = [];
  for (let campaign = 1; campaign <= campaigns; campaign++) {
    for (const scenario of scenarios) {
      const id = `campaign-${campaign}/${scenario}`;
      const run = runs.get(id);
      const states = run?.states.join(' ') ?? 'never begun';
      if (!wholeRun.test(states)) problems.push(`${id}: ${states}`);
      if (run && run.last.outcome?.scenario !== scenario) problems.push(`${id}: no outcome`);
    }
  }
  const expected = campaigns * scenarios.length;
  if (runs.size !== expected) problems.push(`${runs.size} runs, ${expected} expected`);
  for (const [id, { states }] of faults) {
    const text = states.join(' ');
    if (!wholeFault.test(text)) problems.push(`${id}: ${text}`);
  }
  return problems;
}

/** How often runs were interrupted, and how many of those that were are done. */
export function countInterrupted({ runs }: JournalHistory): { times: number; resumed: number } {
  const counts = [...runs.values()].map(
    ({ states }) => states.filter((state) => state === 'interrupted').length,
  );
  const resumed = [...runs.values()].filter(
    ({ states }) => states.includes('interrupted') && states.at(-1) === 'done',
  ).length;
  return { times: counts.reduce((sum, count) => sum + count, 0), resumed };
}
