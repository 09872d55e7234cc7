/** Shapes of failures as JSON schema: what the API, files and the contract check against. */
import { Type } from 'typebox';

/** Only properties that are named. */
const closed = { additionalProperties: false };

const share = (description: string) =>
  Type.Optional(Type.Number({ minimum: 0, maximum: 1, description: `${description}; share` }));
const chance = Type.Number({ minimum: 0, maximum: 1 });
const time = (description: string) =>
  Type.Optional(Type.Number({ minimum: 0, maximum: 2 ** 46, description: `${description}; ns` }));
const rate = (description: string) =>
  Type.Optional(
    Type.Number({ minimum: 2000, maximum: 1e12, description: `${description}; bit/s of frames` }),
  );
const bytes = (description: string) =>
  Type.Optional(Type.Number({ minimum: 0, maximum: 1e12, description: `${description}; bytes` }));
const flag = (description: string) =>
  Type.Optional(Type.Boolean({ description: `${description}; yes or no` }));
const choice = <T extends string>(values: readonly T[], description: string) =>
  Type.Optional(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      { description },
    ),
  );

const flow = Type.Optional(
  Type.Object(
    {
      source: Type.Optional(Type.String()),
      destination: Type.Optional(Type.String()),
      protocol: Type.Optional(Type.Integer({ minimum: 0, maximum: 255 })),
      sourcePort: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
      destinationPort: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
    },
    { ...closed, description: 'only these flows' },
  ),
);

const burstLoss = Type.Optional(
  Type.Object(
    {
      enter: chance,
      leave: chance,
      lossGood: Type.Optional(chance),
      lossBad: Type.Optional(chance),
    },
    { ...closed, description: 'Gilbert-Elliott; chances per packet' },
  ),
);
const exactLoss = Type.Optional(
  Type.Object(
    {
      packets: Type.Integer({ minimum: 0, maximum: 65535 }),
      of: Type.Integer({ minimum: 1, maximum: 65535 }),
    },
    { ...closed, description: 'exactly so many of every so many packets' },
  ),
);
const flap = Type.Optional(
  Type.Object(
    { periodNs: Type.Number({ minimum: 1000 }), downNs: Type.Number({ minimum: 0 }) },
    { ...closed, description: 'down for the first part of every period; ns' },
  ),
);
const ramp = Type.Optional(
  Type.Object(
    {
      parameter: Type.String(),
      from: Type.Number(),
      overNs: Type.Number({ exclusiveMinimum: 0 }),
    },
    { ...closed, description: 'a number that goes from `from` to its value over a time; ns' },
  ),
);

const linkDegradation = Type.Object(
  {
    type: Type.Literal('link_degradation'),
    link: Type.Optional(Type.String({ description: 'a link; this or partition is needed' })),
    partition: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        maxItems: 10_000,
        description: 'or nodes that are cut off: all links to the rest are down',
      }),
    ),
    direction: choice(['both', 'a-to-b', 'b-to-a'], 'of the link; both unless given'),
    flow,
    loss: share('packets dropped, each by a draw of its own'),
    burstLoss,
    exactLoss,
    flap,
    corrupt: share('packets with one random bit turned'),
    corruptRepaired: flag('with right checksums'),
    duplicate: share('packets that leave twice'),
    rateBps: rate('shaped to'),
    queueNs: time('longest wait in the shaper'),
    queueBytes: bytes('bound of the shaper'),
    policeBps: rate('policed to'),
    burstBytes: bytes('what the policer lets through at once'),
    reorder: share('packets that are overtaken'),
    reorderNs: time('how long those wait'),
    delayNs: time('added, one way'),
    jitterNs: time('random delay'),
    jitterShape: choice(['uniform', 'normal', 'pareto'], 'of the random delay'),
    delayTableNs: Type.Optional(
      Type.Array(Type.Number({ minimum: 0 }), {
        minItems: 2,
        maxItems: 100_000,
        description: 'measured delays to draw from; ns',
      }),
    ),
    ramp,
  },
  closed,
);

const deviceFailure = Type.Object(
  {
    type: Type.Literal('device_failure'),
    device: Type.String({ description: 'a switch or a host' }),
    mode: Type.Union(
      ['outage', 'graceful', 'reboot', 'stuck', 'hang', 'slow_control', 'stale'].map((mode) =>
        Type.Literal(mode),
      ),
      {
        description:
          'outage, graceful, reboot; stuck, slow_control, stale of a switch; hang of a host',
      },
    ),
    share: share("flows lost, or a host's requests never answered"),
    serviceRate: share("what is left of a host's service rate"),
    refuses: flag('outage of a host that refuses connections instead of being silent'),
    portShare: share('ports that are dead'),
    entryShare: share('routes that are lost, or entries that are stale'),
    seed: Type.Optional(Type.Integer({ minimum: 0, description: 'which ports and routes' })),
    delayNs: time('added to forwarding, or to what the controller asks'),
    rateBps: rate('forwarding rate left'),
    queueNs: time('longest wait for forwarding'),
    downNs: time('how long a reboot takes'),
    stateLost: flag('a reboot forgets entries; a host loses connections unless no'),
    port: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 511, description: 'with a stuck queue' }),
    ),
    ramp,
  },
  closed,
);

const number = (minimum: number, maximum: number, description: string) =>
  Type.Optional(Type.Integer({ minimum, maximum, description }));
const name = (description: string) => Type.Optional(Type.String({ description }));

const appError = Type.Object(
  {
    type: Type.Literal('app_error'),
    service: name('a service of the topology, wherever it is'),
    host: name('or a host'),
    device: name('or the hosts of a switch'),
    port: number(1, 65535, 'TCP port of the server'),
    protocol: choice(['http', 'postgres', 'mysql', 'redis', 'tcp'], "the service's unless given"),
    mode: Type.Union(
      ['status', 'error', 'delay', 'hang', 'cut', 'reset', 'refuse'].map((mode) =>
        Type.Literal(mode),
      ),
      { description: 'status, error, delay, hang, cut, reset or refuse' },
    ),
    share: share('answers that are hit'),
    status: number(100, 599, 'HTTP status to show; 503'),
    anyStatus: flag('also in place of 1xx, 4xx and 5xx'),
    delayNs: time('until the answer begins'),
    afterBytes: number(0, 2 ** 31 - 1, 'how much of the answer arrives before cut or reset; bytes'),
    flow,
    seed: number(0, 2 ** 32 - 1, 'which answers are hit'),
    ramp,
  },
  closed,
);

const resourceExhaustion = Type.Object(
  {
    type: Type.Literal('resource_exhaustion'),
    host: name('a host, for cpu, memory and disk'),
    device: name('or a switch, for table_space and buffers'),
    resource: Type.Union(
      ['cpu', 'memory', 'disk', 'table_space', 'buffers'].map((resource) => Type.Literal(resource)),
      { description: 'cpu, memory or disk of a host; table_space or buffers of a switch' },
    ),
    share: share(
      "used up of the service rate, the server's requests, each table, each queue; disk: requests",
    ),
    amount: number(
      0,
      2 ** 31 - 1,
      'what is left: workers, requests at once, entries of a table, or bytes of a queue',
    ),
    table: name('table_space: of this table only'),
    port: number(0, 511, 'buffers: of this port only'),
    mode: choice(
      ['limit', 'oom_restart', 'slow', 'full'],
      'memory: limit or oom_restart; disk: slow or full',
    ),
    latencyNs: time('what a request with disk takes longer'),
    downNs: time('how long a restart takes'),
    ramp,
  },
  closed,
);

/** By type. */
export const failureSchemas = {
  link_degradation: linkDegradation,
  device_failure: deviceFailure,
  app_error: appError,
  resource_exhaustion: resourceExhaustion,
} as const;
