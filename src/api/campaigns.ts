/** Campaigns and their runs, as resources. */
import type { FastifyInstance } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { UmbraError } from '../base/errors.js';
import type { System } from '../app/index.js';
import { CampaignSchema } from '../campaign/index.js';
import { DeviceParams, RunsQuery } from './schemas.js';

/** Adds the routes. */
export function campaignRoutes(api: FastifyInstance, system: () => System): void {
  const typed = api.withTypeProvider<TypeBoxTypeProvider>();
  typed.get('/campaigns', { schema: { summary: 'All campaigns' } }, () =>
    system().campaigns.list(),
  );
  // The body is checked as a file is, so that errors name the place.
  typed.post(
    '/campaigns',
    { schema: { summary: "Begin a campaign: a file's content, see campaigns/schema" } },
    async ({ body }, reply) => reply.status(201).send(await system().campaigns.start(body)),
  );
  typed.get('/campaigns/schema', { schema: { summary: 'Shape of a campaign' } }, () => {
    return CampaignSchema;
  });
  typed.get('/campaigns/:id', { schema: { params: DeviceParams } }, ({ params }) =>
    system().campaigns.view(params.id),
  );
  typed.get('/campaigns/:id/runs', { schema: { params: DeviceParams } }, ({ params }) => {
    const { campaigns } = system();
    campaigns.view(params.id);
    return campaigns.runs(params.id);
  });
  for (const action of ['pause', 'resume', 'cancel'] as const) {
    typed.post(`/campaigns/:id/${action}`, { schema: { params: DeviceParams } }, ({ params }) =>
      system().campaigns[action](params.id),
    );
  }
  typed.get(
    '/runs',
    { schema: { querystring: RunsQuery, summary: 'Runs of all campaigns, or of one' } },
    ({ query }) => system().campaigns.runs(query.campaign),
  );
  typed.get('/runs/*', { schema: { summary: 'One run, by campaign and scenario' } }, (request) => {
    const id = (request.params as { '*': string })['*'];
    const run = system()
      .campaigns.runs()
      .find((one) => one.id === id);
    if (!run) throw new UmbraError('NOT_FOUND', `no run '${id}'`);
    return run;
  });
}
