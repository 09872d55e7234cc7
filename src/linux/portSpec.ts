/** Ports on the command line: `1@veth0`, or `1@udp:5001:127.0.0.1:6001` for a UDP socket. */
import { UmbraError } from '../base/errors.js';

/** A port number and what it is attached to. */
export type PortSpec =
  | { port: number; kind: 'interface'; name: string }
  | { port: number; kind: 'udp'; localPort: number; peerHost: string; peerPort: number };

const udpPattern = /^udp:(\d+):([^:]+):(\d+)$/;

/** Throws USAGE for anything else. */
export function parsePort(text: string): PortSpec {
  const found = /^(\d+)@(.+)$/.exec(text);
  if (!found) throw new UmbraError('USAGE', `port '${text}': write PORT@INTERFACE`);
  const port = Number(found[1]);
  const target = found[2]!;
  if (port > 511) throw new UmbraError('USAGE', `port ${port}: ports are 0 to 511`);
  if (!target.startsWith('udp:')) return { port, kind: 'interface', name: target };
  const udp = udpPattern.exec(target);
  if (!udp) throw new UmbraError('USAGE', `port '${text}': write PORT@udp:LOCAL:HOST:REMOTE`);
  return {
    port,
    kind: 'udp',
    localPort: Number(udp[1]),
    peerHost: udp[2]!,
    peerPort: Number(udp[3]),
  };
}
