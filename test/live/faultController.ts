/**
 * A controller to be killed: it injects total loss on port 2 of a daemon switch, keeps the lease,
 * and says `active`. Argument: the daemon's P4Runtime address.
 */
import { ShadowDevice } from '../../src/device/index.js';
import { FaultEngine, HEARTBEAT_US } from '../../src/fault/index.js';
import { GrpcChannel } from '../../src/p4runtime/index.js';
import { pair } from '../laboratory.js';

const device = await ShadowDevice.open({
  name: 's1',
  channel: new GrpcChannel(process.argv[2]!),
  deviceId: 1n,
});
const nowUs = (): number => Math.floor(Date.now() * 1000);
const faults = new FaultEngine({ topology: pair, devices: [device], nowUs });
await faults.inject({ type: 'link_degradation', link: 'b-s1', direction: 'both', loss: 1 }, 3600e6);
setInterval(() => faults.heartbeat(), HEARTBEAT_US / 1000);
process.stdout.write('active\n');
