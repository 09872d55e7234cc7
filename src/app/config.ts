/** `umbra.yaml`: what `umbra up` runs. Errors name the file, the line and the key. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Type, type Static } from 'typebox';
import { CheckedYaml } from '../checked/index.js';
import { UmbraError, messageOf } from '../base/errors.js';

/** Only properties that are named. */
const closed = { additionalProperties: false };

const TlsSchema = Type.Object(
  {
    /** Certificates that the switch's is checked against. */
    ca: Type.String(),
    /** The certificate and key that the switch asks for, if it does. */
    cert: Type.Optional(Type.String()),
    key: Type.Optional(Type.String()),
  },
  closed,
);

const DeviceSchema = Type.Object(
  {
    /** `host:port` of the P4Runtime server. */
    address: Type.String({ pattern: '^.+:[0-9]+$' }),
    /** P4Runtime device id; the topology's unless given. */
    deviceId: Type.Optional(Type.Integer({ minimum: 0 })),
    tls: Type.Optional(TlsSchema),
  },
  closed,
);

/** Ports by number, as a map that YAML can write. */
const PortMap = Type.Record(
  Type.String({ pattern: '^[0-9]+$' }),
  Type.Integer({ minimum: 0, maximum: 511 }),
);

const SourceSchema = Type.Object(
  {
    device: Type.String(),
    /** Index field of its copies to the P4Runtime port. */
    ports: Type.Optional(PortMap),
    /** Session of its copies to the P4Runtime port. */
    sessions: Type.Optional(PortMap),
    /** It sends type II without sequence numbers. */
    hasHeader: Type.Optional(Type.Boolean()),
  },
  closed,
);

const ConfigSchema = Type.Object(
  {
    /** Topology file, relative to this one. Its switches are the devices. */
    topology: Type.String(),
    /** When that file is not there: find links by LLDP, once, as primary, and write it. */
    discover: Type.Optional(Type.Boolean()),
    devices: Type.Record(Type.String(), DeviceSchema),
    seed: Type.Optional(Type.Integer({ minimum: 0 })),
    sync: Type.Optional(
      Type.Object({ periodMs: Type.Optional(Type.Number({ minimum: 10 })) }, closed),
    ),
    fidelity: Type.Optional(
      Type.Object(
        {
          /** Below this score what campaigns show is inconclusive. */
          minimum: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
          /** The shadow's baselines are compared with production's this often. */
          baselinePeriodMs: Type.Optional(Type.Number({ minimum: 100 })),
        },
        closed,
      ),
    ),
    mirror: Type.Optional(
      Type.Object(
        {
          /** ERSPAN comes here: `udp:PORT` (a frame a datagram, on loopback) or an interface. */
          collect: Type.String(),
          /** What the sources were set to copy; see `readMirrorRules`. */
          rules: Type.Optional(Type.Array(Type.Object({ name: Type.String() }))),
          /** Switches by the address that their copies come from, besides loopbacks. */
          sources: Type.Optional(
            Type.Record(Type.String(), Type.Union([Type.String(), SourceSchema])),
          ),
        },
        closed,
      ),
    ),
    api: Type.Optional(
      Type.Object(
        {
          host: Type.Optional(Type.String()),
          port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
        },
        closed,
      ),
    ),
    /** Folder of what must survive a restart; in memory unless given. */
    state: Type.Optional(Type.String()),
  },
  closed,
);

/** A device as the file names it, paths made whole. */
export type DeviceConfig = Static<typeof DeviceSchema>;

/** The mirror as the file describes it. */
export type MirrorConfig = NonNullable<Static<typeof ConfigSchema>['mirror']>;

/** A checked configuration; paths are absolute. */
export type UpConfig = Static<typeof ConfigSchema>;

/** Reads a file. Throws INVALID_FILE naming what is wrong and where. */
export function readConfig(path: string): UpConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UmbraError('INVALID_FILE', `${path}: ${messageOf(error)}`, { cause: error });
  }
  return parseConfig(text, path);
}

/** As `readConfig`, from its text. */
export function parseConfig(text: string, path: string): UpConfig {
  const { value } = new CheckedYaml(text, path, ConfigSchema);
  return withWholePaths(value, dirname(path));
}

function withWholePaths(config: UpConfig, folder: string): UpConfig {
  const whole = (path: string): string => resolve(folder, path);
  const devices = Object.entries(config.devices).map(([name, device]) => {
    const { tls } = device;
    if (!tls) return [name, device] as const;
    const files = Object.entries(tls).map(([key, path]) => [key, whole(path)] as const);
    return [name, { ...device, tls: Object.fromEntries(files) as typeof tls }] as const;
  });
  return {
    ...config,
    topology: whole(config.topology),
    devices: Object.fromEntries(devices),
    ...(config.state === undefined ? {} : { state: whole(config.state) }),
  };
}
