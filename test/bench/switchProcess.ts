/** `umbra switch` without ports as a process of its own, which can be asked for its memory. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SwitchDaemon } from '../../src/app/index.js';

/** A running switch. */
export interface SwitchProcess {
  address: string;
  /** Resident memory in bytes, once the collector has run. */
  residentBytes(): Promise<number>;
  stop(): void;
}

/** Starts one. */
export async function startSwitchProcess(): Promise<SwitchProcess> {
  const child = fork(fileURLToPath(import.meta.url), ['--switch'], { execArgv: ['--expose-gc'] });
  const answer = (): Promise<number> =>
    new Promise((resolve, reject) => {
      child.once('exit', () => reject(new Error('the switch ended')));
      child.once('message', (value) => resolve(Number(value)));
    });
  const port = await answer();
  return {
    address: `127.0.0.1:${port}`,
    residentBytes: () => {
      child.send('memory');
      return answer();
    },
    stop: () => void child.kill(),
  };
}

if (process.argv[2] === '--switch') {
  const { grpcPort } = await SwitchDaemon.start({
    deviceId: 1n,
    ports: [],
    grpcAddress: '127.0.0.1:0',
  });
  process.on('message', () => {
    globalThis.gc?.();
    process.send?.(process.memoryUsage.rss());
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.(grpcPort);
}
