/** Shapes of requests and responses; the OpenAPI document is made from them. */
import { Type } from 'typebox';

const Share = Type.Number({ minimum: 0, maximum: 1 });

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
    loss: Type.Optional(Share),
    delayNs: Type.Optional(Type.Number({ minimum: 0 })),
    jitterNs: Type.Optional(Type.Number({ minimum: 0 })),
    rateBps: Type.Optional(Type.Number({ minimum: 2000 })),
    queueNs: Type.Optional(Type.Number({ minimum: 0 })),
  },
  { additionalProperties: false },
);

/** See the route that uses it. */
export const DeviceFailureSchema = Type.Object(
  {
    type: Type.Literal('device_failure'),
    device: Type.String(),
    mode: Type.Union([Type.Literal('outage'), Type.Literal('graceful')]),
    share: Type.Optional(Share),
    delayNs: Type.Optional(Type.Number({ minimum: 0 })),
  },
  { additionalProperties: false },
);

/** See the route that uses it. */
export const FaultRequestSchema = Type.Object(
  {
    failure: Type.Union([LinkDegradationSchema, DeviceFailureSchema]),
    durationMs: Type.Number({ exclusiveMinimum: 0, maximum: 86_400_000 }),
  },
  { additionalProperties: false },
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
