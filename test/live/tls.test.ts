import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { credentials, type ChannelCredentials } from '@grpc/grpc-js';
import { GrpcChannel, StatusError } from '../../src/p4runtime/index.js';
import { freeAddress, listening, startProcess, umbraSwitch } from '../vethLab.js';
import { program, skipUnless } from './requirements.js';

const folder = mkdtempSync(join(tmpdir(), 'umbra-tls-'));
test.after.always(() => rmSync(folder, { recursive: true }));

const path = (name: string): string => join(folder, `${name}.pem`);

function openssl(...args: string[]): void {
  const done = spawnSync('openssl', args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`openssl ${args.join(' ')}: ${done.stderr}`);
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** A certificate authority. */
function makeAuthority(name: string): void {
  const out = ['-keyout', path(`${name}-key`), '-out', path(name), '-days', '2'];
  openssl('req', '-x509', ...newKey, '-subj', `/CN=${name}`, ...out);
}

/** A certificate for this machine, signed by an authority. */
function makeCertificate(name: string, authority: string): void {
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost'];
  const signed = ['-CA', path(authority), '-CAkey', path(`${authority}-key`), '-days', '2'];
  const out = ['-keyout', path(`${name}-key`), '-out', path(name)];
  openssl('req', '-x509', ...newKey, ...subject, ...signed, ...out);
}

/** A client that trusts `authority` and shows the certificate `name`, if any. */
function client(authority: string, name?: string): ChannelCredentials {
  const own = name === undefined ? [] : [`${name}-key`, name].map((n) => readFileSync(path(n)));
  return credentials.createSsl(readFileSync(path(authority)), ...own);
}

async function answer(address: string, shown?: ChannelCredentials): Promise<string> {
  const options = { deadlineMs: 4000, ...(shown && { credentials: shown }) };
  const channel = new GrpcChannel(address.replace('127.0.0.1', 'localhost'), options);
  try {
    const { p4runtimeApiVersion } = await channel.capabilities(1n);
    return p4runtimeApiVersion;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return error.code === 'UNAVAILABLE' ? 'refused' : `status ${error.code}`;
  } finally {
    channel.close();
  }
}

test('TLS: who is let in, with and without client authentication', async (t) => {
  if (skipUnless(t, program('openssl'))) return;
  makeAuthority('ca');
  makeAuthority('stranger-ca');
  makeCertificate('server', 'ca');
  makeCertificate('client', 'ca');
  makeCertificate('stranger', 'stranger-ca');
  const files = ['cert', 'server', 'key', 'server-key', 'cacert', 'ca'];
  const named = [0, 2, 4].flatMap((i) => [`--grpc-server-${files[i]}`, path(files[i + 1]!)]);
  for (const mutual of [false, true]) {
    const address = await freeAddress();
    const running = startProcess(umbraSwitch.command, [
      ...[...umbraSwitch.before, '--no-p4', '--', '--grpc-server-addr', address],
      ...['--grpc-server-ssl', ...named, ...(mutual ? ['--grpc-server-with-client-auth'] : [])],
    ]);
    try {
      await listening(address, running);
      t.is(await answer(address, client('ca', 'client')), '1.5.0', 'a client of the authority');
      t.is(await answer(address), 'refused', 'clear text');
      t.is(await answer(address, client('stranger-ca', 'client')), 'refused', 'a wrong server');
      const others = mutual ? 'refused' : '1.5.0';
      t.is(await answer(address, client('ca')), others, 'no certificate');
      t.is(await answer(address, client('ca', 'stranger')), others, 'a certificate of others');
    } finally {
      running.process.kill('SIGTERM');
      t.is(await running.ended, 0, running.output());
    }
  }
});
