// What a run would do: routes that start nothing.
import { parseGraph } from '@facewright/core';
import { foretellRun } from './foretell-run.ts';
import { field, targetsOf } from './request-parts.ts';
import type { Route, Services } from './routes.ts';

export const planRoutes = ({ catalogue, data, supervisors }: Pick<Services, 'catalogue' | 'data' | 'supervisors'>): Route[] => [
  {
    method: 'post',
    path: '/graphs/explain',
    scope: 'read',
    summary:
      'What a run, or one of chosen targets, would do: each node that would run or is cached and why, how long it may take, what it goes on from; the models that are opened, and what is missing.',
    body: { graph: 'Graph', targets: 'string[]?' },
    answers: {
      200: {
        plan: 'ForetoldStep[]',
        problems: 'Problem[]',
        missing: 'Problem[]',
        models: 'NeededModel[]',
        total: 'RunForecast',
      },
      400: { problems: 'Problem[]' },
    },
    async handle(request, response) {
      const { graph, problems } = parseGraph(field(request, 'graph'));
      const wanted = targetsOf(request);
      response.json(
        graph
          ? await foretellRun(data, { graph, ...wanted, catalogue, provider: supervisors[0]?.provider() ?? 'cpu' })
          : { plan: [], problems, missing: [], models: [], total: { seconds: 0, unknown: 0, memory: null } },
      );
    },
  },
];
