/**
 * Sends numbered datagrams at a steady pace, or takes them and does nothing. Arguments:
 * `send HOST PORTS COUNT PER_SECOND BYTES` (ports with commas, each gets every number), or
 * `take PORTS`.
 */
import { createSocket } from 'node:dgram';

const [role, ...args] = process.argv.slice(2);
const TICK_MS = 1;

function take(ports: string): void {
  for (const port of ports.split(',')) createSocket('udp4').bind(Number(port));
}

function send(host: string, ports: number[], count: number, perSecond: number, bytes: number): void {
  const socket = createSocket('udp4');
  const payload = Buffer.alloc(bytes);
  const began = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(count, ((performance.now() - began) * perSecond) / 1000);
    for (; sent < due; sent++) {
      payload.writeUInt32BE(sent);
      for (const port of ports) socket.send(Buffer.from(payload), port, host);
    }
    if (sent < count) return;
    clearInterval(timer);
    setTimeout(() => socket.close(), 100);
  }, TICK_MS);
}

if (role === 'take') {
  take(args[0]!);
} else {
  const [host, ports, count, perSecond, bytes] = args;
  send(host!, ports!.split(',').map(Number), Number(count), Number(perSecond), Number(bytes));
}
