/**
 * Generates src/proto/gen from the .proto files with protoc and ts-proto, both from npm.
 *
 *   node src/proto/generate.mjs [FOLDER]     FOLDER: where to write instead of gen/
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const bin = join(here, '../../node_modules/.bin');
const out = process.argv[2] ?? join(here, 'gen');

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const options = [
  'outputServices=grpc-js', 'oneof=unions-value', 'forceLong=bigint', 'env=both',
  'importSuffix=.js', 'useExactTypes=false', 'esModuleInterop=true', 'outputJsonMethods=false',
  'outputPartialMethods=true', 'comments=false',
];
const result = spawnSync(
  join(bin, 'protoc'),
  [
    `--plugin=protoc-gen-ts_proto=${join(bin, 'protoc-gen-ts_proto')}`,
    `--ts_proto_out=${out}`,
    `--ts_proto_opt=${options.join(',')}`,
    `-I${here}`,
    `-I${join(here, '../../node_modules/google-proto-files')}`,
    'p4/v1/p4runtime.proto',
    'p4/config/v1/p4info.proto',
    'google/rpc/status.proto',
  ],
  { stdio: 'inherit' },
);
process.exitCode = result.status ?? 1;
