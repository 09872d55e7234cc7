/** A thread with a testbed of its own: makes it from the image that it is given, then runs. */
import { parentPort, workerData } from 'node:worker_threads';
import { defined } from '../base/assert.js';
import { messageOf, UmbraError } from '../base/errors.js';
import { runScenario, type Baselines, type Scenario } from '../campaign/index.js';
import { ShadowTestbed, type TestbedImage } from './testbed.js';
import type { WorkerAnswer } from './testbedPool.js';

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
const baselines: Baselines = new Map();
port.on('message', ({ id, scenario }: { id: number; scenario: Scenario }) => {
  void answer(id, async () => {
    return { outcome: await runScenario(await testbed, scenario, baselines) };
  });
});
