/** Who is behind an address that a balancer serves. */
import type { Backend, ServedAddress, SwitchDevice } from './topology.js';

/** The backends of an address and port; none where no balancer serves it. */
export function backendsOf(
  switches: readonly SwitchDevice[],
  { address, protocol, port }: ServedAddress,
): Backend[] {
  return switches.flatMap(({ function: it }) => {
    if (it?.program !== 'balancer') return [];
    const service = it.services.find(
      (one) => one.address === address && one.protocol === protocol && one.port === port,
    );
    return service?.backends ?? [];
  });
}
