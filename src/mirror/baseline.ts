/**
 * How close the unfaulted shadow's latency and loss are to production's. Both are measured alike,
 * by what TCP conversations show where frames enter the network: the time from a SYN to its answer,
 * the time from a request to the first of its answer, and the share of segments that brought
 * nothing new. docs/up.md has the definition; the numbers in it are our choice.
 */
import type { Conversation, Moments } from './conversation.js';

/** What is known of a conversation's latency only from so many handshakes or answers on. */
const LEAST_SAMPLES = 5;
/** Times are stamped when a copy is taken: differences below are noise, and weigh little. */
const RESOLUTION_NS = 1e6;
/** So many standard errors are put down to chance. */
const CHANCE = 2;
/** Shares of repeated segments that are so far apart have nothing in common. */
const LOSS_SCALE = 0.1;

/** One conversation, compared; parts from 0 to 1, undefined where production shows too little. */
export interface BaselineLine {
  client: string;
  server: string;
  port: number;
  handshake: number | undefined;
  response: number | undefined;
  loss: number;
  /** The product. */
  closeness: number;
}

/** All conversations. */
export interface Baseline {
  /** Mean over conversations, weighted by production's segments. */
  closeness: number;
  /** 1 - closeness. */
  gap: number;
  conversations: number;
  /** The conversation that differs most. */
  worst: BaselineLine;
}

/** Names a conversation, by addresses as the mirror gives them. */
export function conversationKey(client: string, server: string, port: number): string {
  return `${client} ${server} ${port}`;
}

/**
 * Compares the conversations of production that the shadow was asked to hold with those that it
 * held; undefined when nothing can be compared yet.
 * @param isAsked by `conversationKey`
 */
export function compareBaselines(
  production: Iterable<Conversation>,
  shadow: Iterable<Conversation>,
  isAsked: (key: string) => boolean,
): Baseline | undefined {
  const held = new Map<string, Conversation>();
  for (const one of shadow) held.set(conversationKey(one.client, one.server, one.port), one);
  let weights = 0;
  let sum = 0;
  let conversations = 0;
  let worst: BaselineLine | undefined;
  for (const one of production) {
    const key = conversationKey(one.client, one.server, one.port);
    if (!isAsked(key)) continue;
    const line = compareConversation(one, held.get(key));
    if (!line) continue;
    conversations++;
    weights += one.segments;
    sum += one.segments * line.closeness;
    if (!worst || line.closeness < worst.closeness) worst = line;
  }
  if (!worst) return undefined;
  const closeness = sum / weights;
  return { closeness, gap: 1 - closeness, conversations, worst };
}

/** Undefined when production shows too little of a conversation. */
function compareConversation(
  production: Conversation,
  shadow: Conversation | undefined,
): BaselineLine | undefined {
  const { client, server, port } = production;
  const handshake = closenessOfTimes(production.handshakes, shadow?.handshakes);
  const response = closenessOfTimes(production.responses, shadow?.responses);
  if (handshake === undefined && response === undefined) return undefined;
  const loss = closenessOfShares(production, shadow);
  const closeness = (handshake ?? 1) * (response ?? 1) * loss;
  return { client, server, port, handshake, response, loss, closeness };
}

/** 1 for means that chance can tell apart no further, 0 when the shadow has none at all. */
function closenessOfTimes(production: Moments, shadow: Moments | undefined): number | undefined {
  if (production.count < LEAST_SAMPLES) return undefined;
  if (!shadow || shadow.count === 0) return 0;
  const [a, b] = [meanOf(production), meanOf(shadow)];
  const chance = CHANCE * Math.sqrt(a.errorSquared + b.errorSquared);
  const apart = Math.max(0, Math.abs(a.mean - b.mean) - chance);
  return 1 - apart / (Math.max(a.mean, b.mean) + RESOLUTION_NS);
}

/** A mean and the square of its standard error. */
function meanOf({ count, sum, squares }: Moments): { mean: number; errorSquared: number } {
  const mean = sum / count;
  const variance = count > 1 ? Math.max(0, squares - count * mean * mean) / (count - 1) : 0;
  return { mean, errorSquared: variance / count };
}

function closenessOfShares(production: Conversation, shadow: Conversation | undefined): number {
  if (!shadow || shadow.segments === 0 || production.segments === 0) return 1;
  const share = ({ repeated, segments }: Conversation): number => repeated / segments;
  const errorSquared = (of: Conversation): number => (share(of) * (1 - share(of))) / of.segments;
  const chance = CHANCE * Math.sqrt(errorSquared(production) + errorSquared(shadow));
  const apart = Math.max(0, Math.abs(share(production) - share(shadow)) - chance);
  return Math.max(0, 1 - apart / LOSS_SCALE);
}
