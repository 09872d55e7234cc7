/** What a real curl and a real psql make of failing servers, on any target of the shadow program. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { AppError } from '../../src/fault/index.js';
import type { Requirement } from './requirements.js';
import type { ShadowLab } from './shadowLab.js';

const URL = 'http://10.0.2.1:8000/';
const BODY_BYTES = 100_000;

/** Errors of curl, as its manual numbers them. */
const Curl = { REFUSED: 7, TRUNCATED: 18, TIMEOUT: 28, EMPTY: 52, RESET: 56 } as const;

const web = (mode: AppError['mode'], more: Partial<AppError> = {}): AppError => ({
  ...{ type: 'app_error', host: 'b', port: 8000, protocol: 'http', mode },
  ...more,
});

interface Fetched {
  exit: number | null;
  /** Status, new connections and seconds to the first byte of each transfer. */
  transfers: { status: number; connects: number; firstByte: number }[];
  bodies: Buffer[];
}

/** Fetches so many times in one curl, which keeps its connection alive. */
async function fetch(
  lab: ShadowLab,
  folder: string,
  times: number,
  maxSeconds = 10,
): Promise<Fetched> {
  const files = Array.from({ length: times }, (_, i) => join(folder, `body${i}`));
  for (const file of files) rmSync(file, { force: true });
  const format = '%{http_code} %{num_connects} %{time_starttransfer}\n';
  const targets = files.flatMap((file) => ['-o', file, URL]);
  const command = ['curl', '-s', '--max-time', String(maxSeconds), '-w', format, ...targets];
  const { status, stdout } = await lab.inA(command);
  const transfers = stdout.trim().split('\n').map((line) => {
    const [code = 0, connects = 0, firstByte = 0] = line.split(' ').map(Number);
    return { status: code, connects, firstByte };
  });
  const bodies = files.map((file) => (existsSync(file) ? readFileSync(file) : Buffer.alloc(0)));
  return { exit: status, transfers, bodies };
}

/** curl against an HTTP/1.1 server, under every failure that one can have. */
export async function curlScenario(t: ExecutionContext, lab: ShadowLab): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-curl-'));
  try {
    const body = randomBytes(BODY_BYTES);
    writeFileSync(join(folder, 'served'), body);
    const server = `require('http').createServer((request, response) => {
      response.end(require('fs').readFileSync(process.argv[1]));
    }).listen(8000)`;
    lab.lab.namespaces.start('b', [process.execPath, '-e', server, join(folder, 'served')]);
    await lab.ready(['curl', '-s', '-o', '/dev/null', '--max-time', '2', URL]);

    const isWell = async (what: string): Promise<void> => {
      const { exit, transfers, bodies } = await fetch(lab, folder, 2);
      t.is(exit, 0, what);
      t.deepEqual(transfers.map(({ status, connects }) => [status, connects]), [[200, 1], [200, 0]], what);
      t.true(bodies.every((one) => one.equals(body)), what);
    };
    await isWell('without a failure');
    const plain = (await fetch(lab, folder, 1)).transfers[0]!;

    await lab.under(web('status', { status: 500 }), async () => {
      const { exit, transfers, bodies } = await fetch(lab, folder, 3);
      t.is(exit, 0);
      const seen = transfers.map(({ status, connects }) => [status, connects]);
      t.deepEqual(seen, [[500, 1], [500, 0], [500, 0]], 'on a kept-alive connection, too');
      t.true(bodies.every((one) => one.equals(body)), 'bodies are intact');
    });
    await isWell('after it');
    await lab.under(web('status', { share: 0.3 }), async () => {
      const count = 200;
      const { transfers } = await fetch(lab, folder, count, 60);
      const hits = transfers.filter(({ status }) => status === 503).length;
      // 99.99 %: the ports and sequence numbers are other ones every time.
      const band = 3.9 * Math.sqrt(count * 0.3 * 0.7);
      t.true(Math.abs(hits - count * 0.3) <= band, `${hits} of ${count} at a share of 0.3`);
      t.log(`${hits} of ${count} answers were 503 at a share of 0.3`);
    });
    await lab.under(web('delay', { delayNs: 300e6 }), async () => {
      const { transfers, bodies } = await fetch(lab, folder, 2);
      for (const { firstByte } of transfers) t.true(firstByte >= 0.3, `${firstByte} s`);
      t.true(bodies.every((one) => one.equals(body)));
      const late = (transfers[0]!.firstByte - plain.firstByte) * 1000;
      t.log(`300 ms late: first byte after ${late.toFixed(1)} ms more`);
    });
    const failures: [AppError, number][] = [
      [web('hang'), Curl.TIMEOUT],
      [web('refuse'), Curl.REFUSED],
      [web('reset'), Curl.RESET],
      [web('cut'), Curl.EMPTY],
      [web('cut', { afterBytes: 50_000 }), Curl.TRUNCATED],
    ];
    for (const [failure, exit] of failures) {
      await lab.under(failure, async () => {
        const done = await fetch(lab, folder, 1, 2);
        t.is(done.exit, exit, failure.mode);
        if (failure.afterBytes === undefined) return;
        const [part] = done.bodies;
        t.true(part!.length > 40_000 && part!.length <= 50_000, `${part!.length} bytes`);
        t.true(body.subarray(0, part!.length).equals(part!), 'what arrives is right');
      });
      await isWell(`after ${failure.mode}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Folder of PostgreSQL's programs, as Debian has it; undefined without one. */
function postgresFolder(): string | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root) : [];
  const folders = versions.map((version) => join(root, version, 'bin'));
  return folders.find((folder) => existsSync(join(folder, 'initdb')));
}

/** A PostgreSQL server, its client, and an unprivileged user to run it as. */
export const postgres: Requirement = {
  check() {
    if (!postgresFolder()) return 'PostgreSQL is not installed';
    if (spawnSync('psql', ['--version']).status !== 0) return 'psql is not installed';
    if (spawnSync('id', ['postgres']).status !== 0) return 'there is no user postgres';
    return undefined;
  },
};

const database = (mode: AppError['mode'], more: Partial<AppError> = {}): AppError => ({
  ...{ type: 'app_error', host: 'b', port: 5432, mode },
  ...more,
});

/** psql against PostgreSQL: late, refused, gone, and well again. */
export async function psqlScenario(t: ExecutionContext, lab: ShadowLab): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'umbra-psql-'));
  const id = (flag: string): number =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);
  chownSync(folder, id('-u'), id('-g'));
  const asUser = ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'];
  const bin = postgresFolder()!;
  try {
    const data = join(folder, 'data');
    const [command = '', ...args] = [...asUser, join(bin, 'initdb'), '-D', data, '-A', 'trust', '-N'];
    const made = spawnSync(command, args, { encoding: 'utf8', cwd: folder });
    t.is(made.status, 0, made.stderr);
    writeFileSync(join(data, 'pg_hba.conf'), 'host all all 10.0.1.0/24 trust\n');
    const options = ['-h', '10.0.2.1', '-k', folder, '-c', 'fsync=off'];
    lab.lab.namespaces.start('b', [...asUser, join(bin, 'postgres'), '-D', data, ...options]);
    const connection = (timeout: number): string =>
      `host=10.0.2.1 user=postgres dbname=postgres sslmode=disable connect_timeout=${timeout}`;
    const psql = (sql: string, timeout = 2): string[] =>
      ['psql', '-X', '-A', '-t', '-c', sql, connection(timeout)];
    await lab.ready(psql('select 1'));
    const isWell = async (what: string): Promise<void> => {
      const done = await lab.inA(psql('select 6 * 7'));
      t.deepEqual([done.status, done.stdout], [0, '42\n'], `${what}: ${done.stderr}`);
    };
    await isWell('without a failure');

    await lab.under(database('delay', { delayNs: 5e9 }), async () => {
      const done = await lab.inA(psql('select 1'));
      t.not(done.status, 0);
      t.regex(done.stderr, /timeout expired/);
    });
    await isWell('after the delay');
    await lab.under(database('hang'), async () => {
      const done = await lab.inA(psql('select 1'));
      t.regex(done.stderr, /timeout expired/);
    });
    await isWell('after the hang');
    await lab.under(database('refuse'), async () => {
      t.regex((await lab.inA(psql('select 1'))).stderr, /Connection refused/);
    });
    await isWell('after the refusal');
    await lab.under(database('error'), async () => {
      const done = await lab.inA(psql('select 1'));
      t.not(done.status, 0);
      t.regex(done.stderr, /FATAL: +database failure injected by Umbra/);
    });
    await isWell('after the error');

    // A session that is under way: its query's answer becomes the error.
    let output = '';
    const session = lab.lab.namespaces.start('a', psql('select pg_sleep(2)'), {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    session.stderr!.on('data', (part: Buffer) => (output += part.toString()));
    const ended = new Promise((resolve) => session.once('exit', resolve));
    await lab.ready(psql("select 1 / count(*) from pg_stat_activity where query like '%pg_sleep(2)'"));
    await lab.under(database('error'), async () => t.not(await ended, 0));
    t.regex(output, /FATAL: +database failure injected by Umbra/);
    await isWell('after the session');
  } finally {
    // Its processes must be gone before its folder goes.
    lab.lab.removeHost('b');
    rmSync(folder, { recursive: true, force: true });
  }
}
