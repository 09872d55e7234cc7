/** A thread with a testbed of its own: makes it from the image that it is given, then runs. */
import { parentPort, workerData } from 'node:worker_threads';
import { defined } from '../base/assert.js';
import { messageOf, UmbraError } from '../base/errors.js';
import { measure } from '../campaign/index.js';
import { ShadowTestbed, type TestbedImage } from './testbed.js';
import type { RunRequest, WorkerAnswer } from './testbedPool.js';

const port = defined(parentPort, 'a thread to answer to');

async function answer(id: number, work: () => Promise<Partial<WorkerAnswer>>): Promise<void> {
  try {
    port.postMessage({ id, ...(await work()) });
  } catch (error) {
    const code = error instanceof UmbraError ? error.code : undefined;
    port.postMessage({ id, error: { code, message: messageOf(error) } });
  }
}

const testbed = ShadowTestbed.of(workerData as TestbedImage);
await answer(0, async () => {
  await testbed;
  return {};
});
port.on('message', ({ id, request }: { id: number; request: RunRequest }) => {
  void answer(id, async () => {
    const bed = await testbed;
    const before = bed.packetHops;
    const flows = await measure(bed, request.seed, request.durationNs, request.failure);
    return { result: { flows, packetHops: bed.packetHops - before } };
  });
});
