/** Shapes of requests and responses; the OpenAPI document is made from them. */
import { Type } from 'typebox';

const Share = Type.Number({ minimum: 0, maximum: 1 });
const Time = Type.Number({ minimum: 0 });
const Rate = Type.Number({ minimum: 2000 });
const Count = Type.Integer({ minimum: 0 });

/** Only properties that are named. */
const closed = { additionalProperties: false };

/** See the route that uses it. */
export const RuleSchema = Type.Object({
  table: Type.String(),
  match: Type.Record(Type.String(), Type.String()),
  priority: Type.Optional(Type.Number()),
  isDefault: Type.Optional(Type.Boolean()),
  action: Type.Optional(Type.String()),
  params: Type.Optional(Type.Record(Type.String(), Type.String())),
  member: Type.Optional(Type.Number()),
  group: Type.Optional(Type.Number()),
  counter: Type.Optional(Type.Object({ packets: Type.Number(), bytes: Type.Number() })),
});

/** See the route that uses it. */
export const LinkDegradationSchema = Type.Object(
  {
    type: Type.Literal('link_degradation'),
    link: Type.String(),
    direction: Type.Optional(
      Type.Union([Type.Literal('both'), Type.Literal('a-to-b'), Type.Literal('b-to-a')]),
    ),
    flow: Type.Optional(
      Type.Object(
        {
          source: Type.Optional(Type.String()),
          destination: Type.Optional(Type.String()),
          protocol: Type.Optional(Count),
          sourcePort: Type.Optional(Count),
          destinationPort: Type.Optional(Count),
        },
        closed,
      ),
    ),
    loss: Type.Optional(Share),
    burstLoss: Type.Optional(
      Type.Object(
        {
          enter: Share,
          leave: Share,
          lossGood: Type.Optional(Share),
          lossBad: Type.Optional(Share),
        },
        closed,
      ),
    ),
    exactLoss: Type.Optional(Type.Object({ packets: Count, of: Count }, closed)),
    flap: Type.Optional(Type.Object({ periodNs: Time, downNs: Time }, closed)),
    corrupt: Type.Optional(Share),
    corruptRepaired: Type.Optional(Type.Boolean()),
    duplicate: Type.Optional(Share),
    rateBps: Type.Optional(Rate),
    queueNs: Type.Optional(Time),
    queueBytes: Type.Optional(Time),
    policeBps: Type.Optional(Rate),
    burstBytes: Type.Optional(Time),
    reorder: Type.Optional(Share),
    reorderNs: Type.Optional(Time),
    delayNs: Type.Optional(Time),
    jitterNs: Type.Optional(Time),
    jitterShape: Type.Optional(
      Type.Union([Type.Literal('uniform'), Type.Literal('normal'), Type.Literal('pareto')]),
    ),
    delayTableNs: Type.Optional(Type.Array(Time, { minItems: 2, maxItems: 100_000 })),
  },
  closed,
);

/** See the route that uses it. */
export const DeviceFailureSchema = Type.Object(
  {
    type: Type.Literal('device_failure'),
    device: Type.String(),
    mode: Type.Union([
      Type.Literal('outage'),
      Type.Literal('graceful'),
      Type.Literal('reboot'),
      Type.Literal('stuck'),
    ]),
    share: Type.Optional(Share),
    portShare: Type.Optional(Share),
    entryShare: Type.Optional(Share),
    seed: Type.Optional(Count),
    delayNs: Type.Optional(Time),
    rateBps: Type.Optional(Rate),
    queueNs: Type.Optional(Time),
    downNs: Type.Optional(Time),
    stateLost: Type.Optional(Type.Boolean()),
    port: Type.Optional(Count),
  },
  closed,
);

/** See the route that uses it. */
export const FaultRequestSchema = Type.Object(
  {
    failure: Type.Union([LinkDegradationSchema, DeviceFailureSchema]),
    durationMs: Type.Number({ exclusiveMinimum: 0, maximum: 86_400_000 }),
  },
  closed,
);

/** See the route that uses it. */
export const TraceQuery = Type.Object({
  packets: Type.Integer({ minimum: 1, maximum: 100, default: 1 }),
  port: Type.Optional(Type.Integer({ minimum: 0, maximum: 511 })),
  timeoutMs: Type.Integer({ minimum: 1, maximum: 60_000, default: 5000 }),
});

/** See the route that uses it. */
export const DeviceParams = Type.Object({ id: Type.String() });
/** See the route that uses it. */
export const TableParams = Type.Object({ id: Type.String(), table: Type.String() });
