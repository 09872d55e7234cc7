/** The REST API under /api/v1. */
import Fastify, { type FastifyInstance } from 'fastify';
import swagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { Type, type Static } from 'typebox';
import { UmbraError, messageOf } from '../base/errors.js';
import {
  describeFailure,
  failureOf,
  failureSchemas,
  readFailure,
  type Failure,
  type Fault,
} from '../fault/index.js';
import type { System } from '../app/index.js';
import type { Topology } from '../topology/index.js';
import { metricsText } from './metrics.js';
import { campaignRoutes } from './campaigns.js';
import { sendProblem } from './problem.js';
import {
  DeviceParams,
  FaultRequestSchema,
  MirrorRulesSchema,
  RuleSchema,
  StopQuery,
  TableParams,
  TraceQuery,
} from './schemas.js';

/** Where the system is found; undefined while it is being built. */
export type SystemSource = () => System | undefined;

/** Builds the API. `listen` is left to the caller. */
export async function buildApi(source: SystemSource): Promise<FastifyInstance> {
  const app = Fastify({ logger: { level: 'warn', transport: undefined } });
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request, reply) => {
    const error = new UmbraError('NOT_FOUND', `no resource ${request.method} ${request.url}`);
    sendProblem(error, request, reply);
  });
  await app.register(swagger, {
    openapi: { info: { title: 'Umbra', version: '1', description: 'Shadow network control' } },
  });
  app.get('/metrics', async (_, reply) => {
    const text = await metricsText(source());
    return reply.type('text/plain; version=0.0.4').send(text);
  });
  const system = (): System => {
    const found = source();
    if (!found) throw new UmbraError('UNAVAILABLE', 'the system is being built; try again soon');
    return found;
  };
  await app.register(
    async (api) => {
      deviceRoutes(api, system);
      probeRoutes(api, system);
      faultRoutes(api, system);
      campaignRoutes(api, system);
      resultRoutes(api, system);
      mirrorRoutes(api, system);
      api.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
    },
    { prefix: '/api/v1' },
  );
  return app;
}

/** Listens. Throws ADDRESS_IN_USE naming the address. */
export async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const isInUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    const what = isInUse ? 'address is already in use' : messageOf(error);
    const code = isInUse ? 'ADDRESS_IN_USE' : 'UNAVAILABLE';
    throw new UmbraError(code, `API on ${host}:${port}: ${what}`, { cause: error });
  }
}

function deviceRoutes(api: FastifyInstance, system: () => System): void {
  const typed = api.withTypeProvider<TypeBoxTypeProvider>();
  const find = (id: string) => {
    const device = system().devices.get(id);
    if (!device) {
      const known = [...system().devices.keys()].join(', ');
      throw new UmbraError('NOT_FOUND', `no device '${id}'; there are ${known}`);
    }
    return device;
  };
  typed.get('/devices', { schema: { summary: 'All switches of both networks' } }, () =>
    [...system().devices].map(([id, device]) => ({
      id,
      network: id.split('.')[0],
      tables: device.schema.tables.all.length,
    })),
  );
  typed.get('/devices/:id', { schema: { params: DeviceParams } }, ({ params }) => {
    const { schema } = find(params.id);
    return {
      id: params.id,
      tables: schema.tables.all.map(({ name, size, fields }) => ({
        name,
        size,
        keys: fields.map((field) => `${field.name}: ${field.type} ${field.bitWidth}`),
      })),
      counters: schema.counters.all.map(({ name }) => name),
    };
  });
  const response = { 200: Type.Array(RuleSchema) };
  typed.get(
    '/devices/:id/entries',
    { schema: { params: DeviceParams, response, summary: 'All rules of a switch' } },
    ({ params }) => find(params.id).rules(),
  );
  typed.get(
    '/devices/:id/tables/:table/entries',
    { schema: { params: TableParams, response, summary: 'Rules of one table' } },
    ({ params }) => find(params.id).rules(params.table),
  );
  typed.get('/topology', {}, () => system().topology);
}

/** What can be seen only of switches that run in this process. */
function probeRoutes(api: FastifyInstance, system: () => System): void {
  const typed = api.withTypeProvider<TypeBoxTypeProvider>();
  const find = (id: string) => {
    const { probes, devices } = system();
    const probe = probes.get(id);
    if (probe) return probe;
    if (!devices.has(id)) throw new UmbraError('NOT_FOUND', `no device '${id}'`);
    throw new UmbraError('UNAVAILABLE', `device '${id}' runs in a process of its own`);
  };
  typed.get(
    '/devices/:id/drops',
    { schema: { params: DeviceParams, summary: 'Packets that did not leave, by reason' } },
    ({ params }) => find(params.id).drops(),
  );
  typed.get(
    '/devices/:id/trace',
    {
      schema: {
        params: DeviceParams,
        querystring: TraceQuery,
        summary: 'What happens to the next packets, step by step',
      },
    },
    ({ params, query }) => find(params.id).trace(query),
  );
}

/** A failure as such, or by the contract: device, type, parameters. */
function requestedFailure(topology: Topology, body: Static<typeof FaultRequestSchema>): Failure {
  const { failure, device, type, parameters = {} } = body;
  if (failure !== undefined) return readFailure(failure);
  if (device !== undefined && type !== undefined) {
    return failureOf(topology, device, type, parameters);
  }
  throw new UmbraError('INVALID_INPUT', "give 'failure', or 'device' and 'type'");
}

/** A fault as the API shows it. */
function faultView(fault: Fault) {
  return { ...fault, description: describeFailure(fault.failure) };
}

function faultRoutes(api: FastifyInstance, system: () => System): void {
  const typed = api.withTypeProvider<TypeBoxTypeProvider>();
  typed.get('/faults', {}, () => system().faults.list().map(faultView));
  typed.post(
    '/faults',
    { schema: { body: FaultRequestSchema, summary: 'Inject a failure into the shadow' } },
    async ({ body }, reply) => {
      const { durationMs, override } = body;
      const { faults, topology } = system();
      const failure = requestedFailure(topology, body);
      const fault = await faults.inject(failure, durationMs * 1000, override);
      return reply.status(201).send(faultView(fault));
    },
  );
  typed.get('/faults/types', { schema: { summary: 'Types of failure, as JSON schema' } }, () =>
    failureSchemas,
  );
  typed.get('/faults/stop', {}, () => system().faults.stopState);
  typed.post(
    '/faults/stop',
    { schema: { querystring: StopQuery, summary: 'Remove every fault and refuse new ones' } },
    ({ query }) => system().faults.stop(query.reason),
  );
  typed.delete('/faults/stop', { schema: { summary: 'Allow faults again' } }, () => {
    system().faults.release();
    return system().faults.stopState;
  });
  typed.delete('/faults', { schema: { summary: 'Remove every fault' } }, async () => ({
    removedEntries: await system().faults.clearAll(),
  }));
  typed.delete('/faults/:id', { schema: { params: DeviceParams } }, async ({ params }) =>
    faultView(await system().faults.clear(params.id)),
  );
}

function mirrorRoutes(api: FastifyInstance, system: () => System): void {
  const typed = api.withTypeProvider<TypeBoxTypeProvider>();
  typed.get('/mirror', { schema: { summary: 'What is mirrored, and how completely' } }, () =>
    system().mirror(),
  );
  typed.get('/mirror/rules', {}, async () => (await system().mirror()).rules);
  typed.put(
    '/mirror/rules',
    { schema: { body: MirrorRulesSchema, summary: 'Replace all mirror rules; counts begin anew' } },
    async ({ body }) => {
      await system().setMirrorRules(body);
      return (await system().mirror()).rules;
    },
  );
}

function resultRoutes(api: FastifyInstance, system: () => System): void {
  api.get('/shadow', () => system().shadow());
  api.get('/forecasts', () => system().forecasts);
  api.get('/recommendations', () => system().recommendations);
  api.get('/report', () => {
    const { report } = system();
    if (!report) throw new UmbraError('NOT_FOUND', 'there is no report yet');
    return report;
  });
}
