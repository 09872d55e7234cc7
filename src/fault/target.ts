/** What a failure acts on, by name. */
import type { AppError, Failure } from './failure.js';

/** The name of the failed part: a switch, a host, a link, or a service (or a host's port). */
export function targetOf(failure: Failure): string {
  switch (failure.type) {
    case 'device_failure':
      return failure.device;
    case 'link_degradation':
      return failure.link ?? `partition ${failure.partition?.join(', ')}`;
    case 'app_error':
      return servedBy(failure);
    case 'resource_exhaustion':
      return failure.host ?? failure.device ?? '';
  }
}

/** `checkout`, `db:5432`, `checkout at web1`. */
function servedBy({ service, host, device, port }: AppError): string {
  const place = host ?? device;
  if (service === undefined) return `${place}:${port}`;
  return place === undefined ? service : `${service} at ${place}`;
}
