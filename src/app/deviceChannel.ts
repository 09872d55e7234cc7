/** gRPC to a switch as a configuration names it. */
import { clientTls, GrpcChannel } from '../p4runtime/index.js';
import type { DeviceConfig } from './config.js';

/** Opens a channel, with TLS where the configuration says so; nothing is sent yet. */
export function deviceChannel({ address, tls }: DeviceConfig): GrpcChannel {
  return new GrpcChannel(address, tls === undefined ? {} : { credentials: clientTls(tls) });
}
