/** Shapes of requests and responses; the OpenAPI document is made from them. */
import { Type } from 'typebox';

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

/** See the route that uses it; the fields of a rule are checked where rules are read. */
export const MirrorRulesSchema = Type.Array(Type.Object({ name: Type.String() }));

/** See the route that uses it. */
export const FaultRequestSchema = Type.Object(
  {
    /** Shapes: `GET faults/types`. */
    failure: Type.Optional(Type.Object({ type: Type.String() })),
    device: Type.Optional(Type.String()),
    type: Type.Optional(Type.String()),
    parameters: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    durationMs: Type.Number({ exclusiveMinimum: 0, maximum: 86_400_000 }),
    /** Even when it, with the other faults, goes past the blast radius. */
    override: Type.Optional(Type.Boolean()),
  },
  closed,
);

/** See the route that uses it. */
export const RunsQuery = Type.Object({ campaign: Type.Optional(Type.String()) }, closed);

/** See the route that uses it. */
export const StopQuery = Type.Object(
  { reason: Type.String({ default: 'asked for', maxLength: 1000 }) },
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
