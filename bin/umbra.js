#!/usr/bin/env node
import { existsSync } from 'node:fs';

const entry = new URL('../dist/src/cli/index.js', import.meta.url);
if (existsSync(entry)) {
  const { main } = await import(entry.href);
  const status = await main(process.argv.slice(2));
  // A status that is set already says that nobody reads the output any more.
  process.exitCode ||= status;
} else {
  process.stderr.write('umbra: not built yet; run `npm ci && npm run build` (or `make run`)\n');
  process.exitCode = 1;
}
