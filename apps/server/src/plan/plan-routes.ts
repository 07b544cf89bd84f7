// What a run would do, and what one that was depended on: routes that start nothing.
import { parseGraph } from '@facewright/core';
import { err } from '../errors.ts';
import { foretellRun } from './foretell-run.ts';
import { field, parameter, targetsOf } from '../http/request-parts.ts';
import type { Route, Services } from '../http/routes.ts';

export const planRoutes = ({ catalogue, data, locks, runs, supervisors }: Services): Route[] => [
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
  {
    method: 'get',
    path: '/runs/{id}/lock',
    summary:
      'The lock file of a run that succeeded: its graph, versions of nodes, digests of files, seeds, what computed it, and what it gave. facewright verify and facewright replay read it.',
    answers: { 200: 'RunLock', 404: { problems: 'Problem[]' }, 409: { problems: 'Problem[]' } },
    async handle(request, response) {
      const id = parameter(request, 'id');
      if (!runs.find(id)) throw err.NO_SUCH('run', id);
      response.json(await locks.get(id));
    },
  },
];
