/**
 * The program that a host of a real network runs: servers and clients of its flows on the kernel's
 * TCP and UDP, with the sizes, rates and service times that the fabric's hosts have. Its one
 * argument is a HostWork as JSON.
 *
 * A request names the size of its answer and the mean time that the server takes for it:
 * `GET /BYTES/NANOSECONDS`. Times are as coarse as Node's timers, about a millisecond.
 */
import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { deriveSeed, Prng } from '../base/prng.js';
import type { ClientWork, HostWork } from './hostTraffic.js';

type HttpWork = Extract<ClientWork, { kind: 'http' }>;
type BulkWork = Extract<ClientWork, { kind: 'bulk' }>;
type UdpWork = Extract<ClientWork, { kind: 'udp' }>;

/** As in the fabric, `REQUEST_TIMEOUT_NS`. */
const REQUEST_TIMEOUT_MS = 500;
/** Transfers go at 20 Mbit/s: software switches drop bursts that come as fast as memory. */
const PACE_BYTES_PER_MS = 2500;
const PACE_BURST_BYTES = 20_000;
const DEFAULT_ANSWER_BYTES = 1000;
const MOST_ANSWER_BYTES = 64 * 1024 * 1024;
const MOST_REQUEST_BYTES = 1024 * 1024;

const work = JSON.parse(process.argv[2]!) as HostWork;
for (const { kind, port } of work.serves) {
  if (kind === 'http') serveHttp(port);
  else if (kind === 'bulk') serveBulk(port);
  else createSocket('udp4').bind(port);
}
for (const flow of work.asks) {
  if (flow.kind === 'http') askHttp(flow);
  else if (flow.kind === 'bulk') sendBulk(flow);
  else sendDatagrams(flow);
}

function serveHttp(port: number): void {
  const service = new Prng(deriveSeed(work.seed, `service ${port}`));
  createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    let request = '';
    ignoreErrors(socket);
    socket.on('data', (part) => {
      request += part.toString('latin1');
      if (request.length > MOST_REQUEST_BYTES) socket.destroy();
      if (!request.endsWith('\r\n\r\n')) return;
      const [, bytes, meanNs] = /^GET \/(\d+)(?:\/(\d+))? /.exec(request) ?? [];
      request = '';
      const answer = answerOf(Math.min(Number(bytes ?? DEFAULT_ANSWER_BYTES), MOST_ANSWER_BYTES));
      const waitMs = Math.floor(service.exponential(Number(meanNs ?? 0)) / 1e6);
      if (waitMs === 0) socket.end(answer);
      else setTimeout(() => socket.end(answer), waitMs);
    });
  }).listen(port);
}

/** An answer of so many bytes, its head included. */
function answerOf(bytes: number): string {
  const headOf = (length: number): string =>
    `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;
  const body = Math.max(0, bytes - headOf(bytes).length);
  return headOf(body) + 'x'.repeat(body);
}

function serveBulk(port: number): void {
  createServer((socket) => {
    ignoreErrors(socket);
    socket.resume();
  }).listen(port);
}

function askHttp({ serverIp, port, name, requestBytes, ...flow }: HttpWork): void {
  const head =
    `GET /${flow.responseBytes}/${flow.serviceNs} HTTP/1.1\r\n` +
    `Host: ${serverIp}\r\nConnection: close\r\n`;
  const padding = requestBytes - head.length - 'X-Fill: \r\n\r\n'.length;
  const fill = padding > 0 ? `X-Fill: ${'x'.repeat(padding)}\r\n` : '';
  repeat(flow.requestsPerSecond, name, () => {
    const socket = connect({ host: serverIp, port, noDelay: true });
    ignoreErrors(socket);
    const timer = setTimeout(() => socket.destroy(), REQUEST_TIMEOUT_MS);
    socket.once('close', () => clearTimeout(timer));
    socket.resume();
    socket.write(`${head}${fill}\r\n`);
  });
}

function sendBulk({ serverIp, port, name, transferBytes, transfersPerSecond }: BulkWork): void {
  repeat(transfersPerSecond, name, () => {
    const socket = connect({ host: serverIp, port });
    ignoreErrors(socket);
    socket.resume();
    let left = transferBytes;
    const began = performance.now();
    const timer = setInterval(() => {
      const due = transferBytes - (performance.now() - began) * PACE_BYTES_PER_MS;
      const bytes = Math.min(left, Math.ceil(left - due), PACE_BURST_BYTES);
      left -= bytes;
      if (left > 0) socket.write(Buffer.alloc(bytes));
      else socket.end(Buffer.alloc(bytes));
      if (left === 0) clearInterval(timer);
    }, 1);
    socket.once('close', () => clearInterval(timer));
  });
}

function sendDatagrams({ serverIp, port, packetsPerSecond, payloadBytes }: UdpWork): void {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  const payload = Buffer.alloc(payloadBytes);
  repeat(packetsPerSecond, undefined, () => socket.send(payload, port, serverIp));
}

/**
 * Acts at a mean rate: by a Poisson process from the stream of that name, or regularly. What a late
 * timer missed is made up for.
 */
function repeat(perSecond: number, stream: string | undefined, act: () => void): void {
  const arrivals = stream && new Prng(deriveSeed(work.seed, `${stream} arrivals`));
  const meanMs = 1000 / perSecond;
  const gap = (): number => (arrivals ? arrivals.exponential(meanMs) : meanMs);
  let due = performance.now() + gap();
  const turn = (): void => {
    for (const now = performance.now(); due <= now; due += gap()) act();
    setTimeout(turn, Math.max(1, due - performance.now()));
  };
  turn();
}

/** A peer that went away is no event for a host: its client tries again. */
function ignoreErrors(socket: Socket): void {
  socket.on('error', () => socket.destroy());
}
