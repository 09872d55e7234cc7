/** The options after `--`, which simple_switch_grpc calls those of the target. */
import { UmbraError } from '../base/errors.js';
import type { TlsFiles } from '../p4runtime/index.js';

/** What the options after `--` say. */
export interface TargetOptions {
  grpcAddress?: string;
  tls?: TlsFiles;
  cpuPort?: number;
  dropPort?: number;
  /** Names of options that were given and change nothing. */
  ignored: string[];
}

interface Known {
  takesValue: boolean;
  isIgnored?: true;
  /** Ignoring it would change what packets do, so it is refused. */
  refusal?: string;
}

const value: Known = { takesValue: true };
const flag: Known = { takesValue: false };
const ignoredValue: Known = { takesValue: true, isIgnored: true };
const ignoredFlag: Known = { takesValue: false, isIgnored: true };

const known: Readonly<Record<string, Known>> = {
  '--grpc-server-addr': value,
  '--grpc-server-ssl': flag,
  '--grpc-server-cacert': value,
  '--grpc-server-cert': value,
  '--grpc-server-key': value,
  '--grpc-server-with-client-auth': flag,
  '--cpu-port': value,
  '--drop-port': value,
  '--priority-queues': ignoredValue,
  '--disable-swap': ignoredFlag,
  '--enable-swap': ignoredFlag,
  '--max-mc-groups': ignoredValue,
  '--max-l1-entries': ignoredValue,
  '--max-l2-entries': ignoredValue,
  '--dp-grpc-server-addr': {
    takesValue: true,
    refusal: 'packets over gRPC are not there; use ports, such as -i 1@udp:5001:127.0.0.1:6001',
  },
  '--load-modules': { takesValue: true, refusal: 'modules of BMv2 cannot be loaded' },
};

/** True for the name of an option that belongs after `--`. */
export function isTargetOption(name: string): boolean {
  return name.split('=', 1)[0]! in known;
}

/** Reads the words after `--`. Throws USAGE with the name of what is wrong. */
export function readTargetOptions(words: readonly string[]): TargetOptions {
  const given = new Map<string, string>();
  for (let i = 0; i < words.length; i++) {
    const [name, inline] = splitOnce(words[i]!);
    const option = known[name];
    if (!option) throw new UmbraError('USAGE', `unknown option '${name}' after --`);
    if (option.refusal !== undefined) throw new UmbraError('USAGE', `${name}: ${option.refusal}`);
    const text = option.takesValue ? (inline ?? words[++i]) : (inline ?? '');
    if (text === undefined) throw new UmbraError('USAGE', `${name} needs a value`);
    given.set(name, text);
  }
  const cpuPort = portNumber(given, '--cpu-port', 1);
  const dropPort = portNumber(given, '--drop-port', 0);
  const grpcAddress = given.get('--grpc-server-addr');
  const tls = readTls(given);
  return {
    ...(grpcAddress === undefined ? {} : { grpcAddress: checkAddress(grpcAddress) }),
    ...(tls === undefined ? {} : { tls }),
    ...(cpuPort === undefined ? {} : { cpuPort }),
    ...(dropPort === undefined ? {} : { dropPort }),
    ignored: [...given.keys()].filter((name) => known[name]!.isIgnored),
  };
}

function splitOnce(word: string): [name: string, value: string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function checkAddress(address: string): string {
  if (/^(\[[^\]]+\]|[^:]+):\d{1,5}$/.test(address)) return address;
  throw new UmbraError('USAGE', `--grpc-server-addr '${address}': write HOST:PORT`);
}

function portNumber(
  given: ReadonlyMap<string, string>,
  name: string,
  least: number,
): number | undefined {
  const text = given.get(name);
  if (text === undefined) return undefined;
  const port = /^\d+$/.test(text) ? Number(text) : -1;
  if (port >= least && port <= 511) return port;
  throw new UmbraError('USAGE', `${name} ${text}: a port is ${least} to 511`);
}

function readTls(given: ReadonlyMap<string, string>): TlsFiles | undefined {
  const clientAuth = given.has('--grpc-server-with-client-auth');
  const [cert, key, cacert] = ['cert', 'key', 'cacert'].map((n) => given.get(`--grpc-server-${n}`));
  if (!given.has('--grpc-server-ssl')) {
    // Serving clear text to someone who named certificates would be a surprise.
    const names = ['cert', 'key', 'cacert', 'with-client-auth'].map((n) => `--grpc-server-${n}`);
    const stray = names.find((name) => given.has(name));
    if (stray === undefined) return undefined;
    throw new UmbraError('USAGE', `${stray} needs --grpc-server-ssl`);
  }
  if (cert === undefined || key === undefined) {
    const missing = cert === undefined ? 'cert' : 'key';
    throw new UmbraError('USAGE', `--grpc-server-ssl needs --grpc-server-${missing}`);
  }
  if (clientAuth && cacert === undefined) {
    const why = '--grpc-server-with-client-auth needs --grpc-server-cacert';
    throw new UmbraError('USAGE', why);
  }
  return { cert, key, clientAuth, ...(cacert === undefined ? {} : { cacert }) };
}
