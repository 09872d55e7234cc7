/** What a test came to, and the comparison of what left a switch with what was expected. */
import type { Pattern } from './statement.js';

/** A packet that left. */
export interface SentPacket {
  port: number;
  /** Hexadecimal digits, lower case. */
  digits: string;
  /** Line of the packet statement that was carried out last before it left; 0 before any. */
  causeLine: number;
}

/** An `expect` statement. */
export interface ExpectedPacket {
  line: number;
  port: number;
  pattern: Pattern | undefined;
}

/** One way in which the switch did otherwise than the test says. */
export interface StfFailure {
  line: number;
  message: string;
  /** Of a packet: what was wanted and what came, as digits, and the first digit that differs. */
  packets?: { expected: string; got: string; firstDifference: number };
}

/** What a `counter_read` and its like found. */
export interface StfReading {
  line: number;
  text: string;
}

/** The result of one test. */
export interface StfResult {
  file: string;
  passed: boolean;
  sent: number;
  received: number;
  failures: StfFailure[];
  readings: StfReading[];
}

/** Index of the first digit that differs, or -1. A shorter packet differs where it ends. */
export function firstDifference(pattern: Pattern, digits: string): number {
  for (let i = 0; i < pattern.digits.length; i++) {
    if (pattern.digits[i] !== '*' && pattern.digits[i] !== digits[i]) return i;
    if (i >= digits.length) return i;
  }
  return pattern.isWhole && digits.length > pattern.digits.length ? pattern.digits.length : -1;
}

/** Compares per port and in order; every port's count must be the same. */
export function comparePackets(
  expected: readonly ExpectedPacket[],
  sent: readonly SentPacket[],
): StfFailure[] {
  const ports = new Set([...expected, ...sent].map((packet) => packet.port));
  const failures = [...ports].flatMap((port) =>
    comparePort(
      port,
      expected.filter((packet) => packet.port === port),
      sent.filter((packet) => packet.port === port),
    ),
  );
  return failures.sort((a, b) => a.line - b.line);
}

function comparePort(
  port: number,
  expected: readonly ExpectedPacket[],
  sent: readonly SentPacket[],
): StfFailure[] {
  const failures: StfFailure[] = [];
  const counts = `port ${port}: ${expected.length} expected, ${sent.length} came`;
  expected.forEach(({ line, pattern }, i) => {
    const got = sent[i];
    if (!got) {
      failures.push({ line, message: `no packet on ${counts}` });
      return;
    }
    const at = pattern ? firstDifference(pattern, got.digits) : -1;
    if (at < 0) return;
    const wanted = pattern!.digits + (pattern!.isWhole ? '$' : '');
    failures.push({
      line,
      message:
        `packet ${i + 1} on port ${port} differs at byte ${at >> 1}; ` +
        `it left after line ${got.causeLine}`,
      packets: { expected: wanted, got: got.digits, firstDifference: at },
    });
  });
  for (const { causeLine, digits } of sent.slice(expected.length)) {
    failures.push({ line: causeLine, message: `an unexpected packet on ${counts}: ${digits}` });
  }
  return failures;
}
