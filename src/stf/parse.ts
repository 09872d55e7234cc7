/**
 * STF text to statements. One statement a line; `#` begins a comment; keywords are those of p4c's
 * parser, in any case, and only at the start of a line.
 */
import { UmbraError } from '../base/errors.js';
import type {
  ActionText,
  Comparison,
  FieldMatch,
  Pattern,
  RateText,
  Statement,
  StfLine,
  StfTest,
} from './statement.js';
import { TokenReader } from './tokens.js';

/** Reads a test. Throws INVALID_FILE that names `file:line:column` and what was expected. */
export function parseStf(text: string, file: string): StfTest {
  const lines: StfLine[] = [];
  text.split('\n').forEach((content, i) => {
    const statement = parseLine(content, file, i + 1);
    if (statement) lines.push({ line: i + 1, statement });
  });
  return { file, lines };
}

function parseLine(content: string, file: string, line: number): Statement | undefined {
  const packet = /^\s*(packet|expect)(?=$|[\s#])(.*)$/i.exec(content);
  if (packet) {
    const isPacket = packet[1]!.toLowerCase() === 'packet';
    return parsePacketLine(isPacket, packet[2]!, `${file}:${line}`);
  }
  const reader = new TokenReader(content, file, line);
  if (reader.isAtEnd) return undefined;
  const keyword = reader.takeWord(keywords, 'a statement, such as add, packet or expect');
  const statement = statements[keyword](reader);
  reader.end();
  return statement;
}

/** Digits may stand in groups; spaces between them mean nothing. */
function parsePacketLine(isPacket: boolean, rest: string, place: string): Statement {
  const [portText, ...groups] = rest
    .replace(/#.*/, '')
    .split(/\s+/)
    .filter((part) => part !== '');
  if (portText === undefined || !/^\d+$/.test(portText)) {
    throw wrongPacket(place, `expected a port, found ${quoted(portText)}`);
  }
  const port = Number(portText);
  const text = groups.join('').toLowerCase();
  if (!isPacket) return { kind: 'expect', port, pattern: parsePattern(text, place) };
  if (text === '' || /[^0-9a-f]/.test(text)) {
    throw wrongPacket(place, `expected hexadecimal digits, found ${quoted(text)}`);
  }
  if (text.length % 2 !== 0) {
    throw wrongPacket(place, `expected whole bytes, found ${text.length} hexadecimal digits`);
  }
  return { kind: 'packet', port, bytes: Uint8Array.from(Buffer.from(text, 'hex')) };
}

function parsePattern(text: string, place: string): Pattern | undefined {
  if (text === '') return undefined;
  const found = /^([0-9a-f*]*)(\$?)$/.exec(text);
  if (!found) {
    throw wrongPacket(place, `expected hexadecimal digits, '*' and a last '$', found '${text}'`);
  }
  return { digits: found[1]!, isWhole: found[2] === '$' };
}

function wrongPacket(place: string, message: string): UmbraError {
  return new UmbraError('INVALID_FILE', `${place}: ${message}`);
}

function quoted(text: string | undefined): string {
  return text === undefined || text === '' ? 'the end of the line' : `'${text}'`;
}

const comparisons: readonly Comparison[] = ['==', '!=', '<=', '>=', '<', '>'];

/** One reader per keyword; each begins behind it. */
const statements = {
  add: parseAdd,
  setdefault: (r) => ({ kind: 'setdefault', table: r.takeName('a table'), action: parseAction(r) }),
  remove(r) {
    r.takeWord(['all'], "'all'");
    return { kind: 'remove all' };
  },
  wait: () => ({ kind: 'wait' }),
  no_packet: () => ({ kind: 'no_packet' }),
  check_counter: parseCheckCounter,
  mirroring_add: (r) => ({ kind: 'mirroring_add', session: session(r), port: port(r) }),
  mirroring_add_mc: (r) => ({ kind: 'mirroring_add_mc', session: session(r), group: group(r) }),
  mirroring_delete: (r) => ({ kind: 'mirroring_delete', session: session(r) }),
  mirroring_get: (r) => ({ kind: 'mirroring_get', session: session(r) }),
  mc_mgrp_create: (r) => ({ kind: 'mc_mgrp_create', group: group(r) }),
  mc_node_create: (r) => ({
    kind: 'mc_node_create',
    instance: r.takeWhole('a replication id'),
    ports: many(r, port),
  }),
  mc_node_update: (r) => ({ kind: 'mc_node_update', node: node(r), ports: many(r, port) }),
  mc_node_associate: (r) => ({ kind: 'mc_node_associate', group: group(r), node: node(r) }),
  counter_read: (r) => ({
    kind: 'counter_read',
    counter: r.takeName('a counter'),
    index: index(r),
  }),
  counter_write: (r) => ({
    kind: 'counter_write',
    counter: r.takeName('a counter'),
    index: index(r),
    packets: r.takeWhole('a number of packets'),
    bytes: r.takeWhole('a number of bytes'),
  }),
  register_read: (r) => ({
    kind: 'register_read',
    register: r.takeName('a register'),
    index: index(r),
  }),
  register_write: (r) => ({
    kind: 'register_write',
    register: r.takeName('a register'),
    index: index(r),
    value: r.takeBigint('a value'),
  }),
  register_reset: (r) => ({ kind: 'register_reset', register: r.takeName('a register') }),
  meter_get_rates: (r) => ({
    kind: 'meter_get_rates',
    meter: r.takeName('a meter'),
    index: index(r),
  }),
  meter_set_rates: (r) => ({
    kind: 'meter_set_rates',
    meter: r.takeName('a meter'),
    index: index(r),
    rates: many(r, parseRate),
  }),
  meter_array_set_rates: (r) => ({
    kind: 'meter_array_set_rates',
    meter: r.takeName('a meter'),
    rates: many(r, parseRate),
  }),
} satisfies Record<string, (reader: TokenReader) => Statement>;

const keywords = Object.keys(statements) as (keyof typeof statements)[];

function session(reader: TokenReader): number {
  return reader.takeWhole('a mirroring session');
}

function group(reader: TokenReader): number {
  return reader.takeWhole('a multicast group');
}

function node(reader: TokenReader): number {
  return reader.takeWhole('a multicast node');
}

function port(reader: TokenReader): number {
  return reader.takeWhole('a port');
}

function index(reader: TokenReader): number {
  return reader.takeWhole('an index');
}

/** At least one, up to the end of the line. */
function many<T>(reader: TokenReader, take: (reader: TokenReader) => T): T[] {
  const found = [take(reader)];
  while (!reader.isAtEnd) found.push(take(reader));
  return found;
}

function parseAdd(reader: TokenReader): Statement {
  const table = reader.takeName('a table');
  const priority = reader.isAtNumber ? reader.takeWhole('a priority') : undefined;
  const match: FieldMatch[] = [];
  for (;;) {
    const name = reader.takeName(match.length === 0 ? 'a match' : 'a match or an action');
    if (reader.isAt('(') && match.length > 0) {
      const action = parseArguments(reader, name);
      const entryName = reader.takeIf('=') ? reader.takeIdentifier('a name') : undefined;
      return { kind: 'add', table, priority, match, action, entryName };
    }
    reader.take(':');
    const value = reader.takeNumber(`a number for '${name}'`);
    const second = reader.takeIf('/') ? reader.takeNumber("a number after '/'") : undefined;
    match.push({ field: name, value, second });
  }
}

function parseAction(reader: TokenReader): ActionText {
  return parseArguments(reader, reader.takeName('an action'));
}

function parseArguments(reader: TokenReader, name: string): ActionText {
  reader.take('(');
  const args: ActionText['args'] = [];
  while (!reader.takeIf(')')) {
    if (args.length > 0) reader.take(',');
    const argument = reader.takeIdentifier(`an argument of '${name}'`);
    reader.take(':');
    args.push({ name: argument, value: reader.takeBigint(`a number for '${argument}'`) });
  }
  return { name, args };
}

function parseCheckCounter(reader: TokenReader): Statement {
  const counter = reader.takeName('a counter');
  reader.take('(');
  const at = reader.isAtNumber ? index(reader) : reader.takeIdentifier('an index or an entry');
  reader.take(')');
  if (reader.isAtEnd) return { kind: 'check_counter', counter, at, check: undefined };
  const unit = reader.takeWord(['packets', 'bytes'], "'packets' or 'bytes'");
  const comparison = reader.takeSign(comparisons, 'a comparison, such as ==');
  const value = reader.takeBigint('a number');
  return { kind: 'check_counter', counter, at, check: { unit, comparison, value } };
}

function parseRate(reader: TokenReader): RateText {
  const perMicrosecond = reader.takeDecimal('a rate, such as 0.01');
  reader.take(':');
  return { perMicrosecond, burst: reader.takeWhole('a burst') };
}
