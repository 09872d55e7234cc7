/**
 * The contract in one line: `inject(device, type, parameters)`. Names and values from outside
 * become a failure, or an error that names what is wrong.
 */
import { Value } from 'typebox/value';
import { UmbraError } from '../base/errors.js';
import type { Topology } from '../topology/index.js';
import type { Failure } from './failure.js';
import { isHost } from './host.js';
import { failureSchemas } from './schema.js';

/** One parameter of a type of failure, for help texts. */
export interface ParameterInfo {
  name: string;
  description: string;
  isRequired: boolean;
}

/** The types of failure with their parameters. */
export function failureTypes(): { type: string; parameters: ParameterInfo[] }[] {
  return Object.entries(failureSchemas).map(([type, schema]) => ({
    type,
    parameters: Object.entries(schema.properties as Record<string, { description?: string }>)
      .filter(([name]) => name !== 'type')
      .map(([name, { description = '' }]) => ({
        name,
        description,
        isRequired: (schema.required as readonly string[]).includes(name),
      })),
  }));
}

/**
 * A failure of a device (a switch or a host), of the link at one of its ports (`port`, or `link` by
 * name), or of an application: of a host, of all hosts of a switch, or with an empty `device` of a
 * service by name. Throws INVALID_INPUT naming an unknown type, an unknown parameter or a wrong
 * value; NOT_FOUND for a port without a link.
 */
export function failureOf(
  topology: Topology,
  device: string,
  type: string,
  parameters: Readonly<Record<string, unknown>>,
): Failure {
  if (type === 'app_error') {
    const place = device === '' ? {} : isHost(topology, device) ? { host: device } : { device };
    return readFailure({ ...parameters, ...place, type });
  }
  if (type === 'resource_exhaustion') {
    const place = isHost(topology, device) ? { host: device } : { device };
    return readFailure({ ...parameters, ...place, type });
  }
  if (type !== 'link_degradation') return readFailure({ ...parameters, device, type });
  const { port, ...rest } = parameters;
  if (rest['link'] !== undefined || rest['partition'] !== undefined) {
    return readFailure({ ...rest, type });
  }
  const link = topology.links.find(({ a, b }) =>
    [a, b].some((end) => end.node === device && end.port === port),
  );
  if (!link) throw new UmbraError('NOT_FOUND', `${device}: no link at port ${String(port)}`);
  const direction = link.a.node === device ? 'a-to-b' : 'b-to-a';
  return readFailure({ direction, ...rest, type, link: link.name });
}

/** A failure from unchecked JSON. Throws INVALID_INPUT naming the type or the parameter. */
export function readFailure(json: unknown): Failure {
  const type = (json as { type?: unknown } | null)?.type;
  const schema = failureSchemas[type as keyof typeof failureSchemas];
  if (!schema) {
    const known = Object.keys(failureSchemas).join(', ');
    throw new UmbraError('INVALID_INPUT', `unknown type of failure '${String(type)}'; ${known}`);
  }
  const given = withDevice(json as Record<string, unknown>);
  for (const name of Object.keys(given)) {
    if (name in schema.properties) continue;
    throw new UmbraError('INVALID_INPUT', `${String(type)}: unknown parameter '${name}'`);
  }
  const [error] = Value.Errors(schema, given);
  if (error) {
    const where = error.instancePath.slice(1).replaceAll('/', '.') || 'the failure';
    throw new UmbraError('INVALID_INPUT', `${String(type)}: ${where} ${error.message}`);
  }
  const failure = given as unknown as Failure;
  if (failure.type === 'link_degradation' && !failure.link === !failure.partition) {
    throw new UmbraError('INVALID_INPUT', "link_degradation: give 'link' or 'partition'");
  }
  return failure.type === 'link_degradation'
    ? { ...failure, direction: failure.direction ?? 'both' }
    : failure;
}

/** A device failure may name its host as such. */
function withDevice(given: Record<string, unknown>): Record<string, unknown> {
  const { host, ...rest } = given;
  const isOfHost = given['type'] === 'device_failure' && host !== undefined;
  return isOfHost && rest['device'] === undefined ? { ...rest, device: host } : given;
}
