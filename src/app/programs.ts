/** The P4 programs that ship with Umbra, as pipeline configs. */
import { readFileSync } from 'node:fs';
import { shippedFile } from '../base/paths.js';
import { readP4InfoText } from '../p4runtime/index.js';
import { ForwardingPipelineConfig } from '../proto/index.js';

/** A shipped program. */
export type ProgramName =
  'production' | 'shadow' | 'stage' | 'firewall' | 'nat' | 'balancer';

const loaded = new Map<ProgramName, ForwardingPipelineConfig>();

/** The pipeline config of a shipped program; the same object every time. */
export function shippedProgram(name: ProgramName): ForwardingPipelineConfig {
  const known = loaded.get(name);
  if (known) return known;
  const info = `p4/build/${name}.p4info.txtpb`;
  const config: ForwardingPipelineConfig = {
    p4info: readP4InfoText(readFileSync(shippedFile(info), 'utf8'), info),
    p4DeviceConfig: Uint8Array.from(readFileSync(shippedFile(`p4/build/${name}.json`))),
    cookie: undefined,
  };
  loaded.set(name, config);
  return config;
}

/** Whether a device runs a shipped program, by the tables of its P4Info. */
export function isShippedProgram(name: ProgramName, { p4info }: ForwardingPipelineConfig): boolean {
  const tables = (info: typeof p4info): string =>
    (info?.tables ?? []).map(({ preamble }) => `${preamble?.id} ${preamble?.name}`).join();
  return tables(p4info) === tables(shippedProgram(name).p4info);
}
