// Routes about the room that the data folder takes: how much, freeing it, deleting runs.
import { rm } from 'node:fs/promises';
import { err } from '../errors.ts';
import { field, parameter } from '../http/request-parts.ts';
import type { Fields, Route, Services } from '../http/routes.ts';

const problems: Fields = { problems: 'Problem[]' };

export const storageRoutes = ({ data, runs, feed, keep, storageWork }: Services): readonly Route[] => [
  {
    method: 'get',
    path: '/storage',
    summary: 'How much room what takes, in bytes; removable: what POST /storage/free would remove now.',
    answers: { 200: { storage: 'StorageUse' } },
    handle: async (_, response) => response.json({ storage: await storageWork.measure(keep) }),
  },
  {
    method: 'post',
    path: '/storage/free',
    summary:
      'Removes what nothing refers to; above `keep` bytes, default the limit of the server, also the results and checkpoints that were used longest ago. dryRun: only says what it would remove.',
    scope: 'admin',
    body: { keep: 'integer?', dryRun: 'boolean?' },
    answers: { 200: { removed: 'GarbageReport' }, 400: problems, 409: problems },
    async handle(request, response) {
      const given = field(request, 'keep') ?? keep;
      const dryRun = field(request, 'dryRun') ?? false;
      if (given !== undefined && !(Number.isSafeInteger(given) && Number(given) >= 0))
        throw err.BAD_REQUEST('keep', 'a whole number of bytes from 0', JSON.stringify(given));
      if (typeof dryRun !== 'boolean') throw err.BAD_REQUEST('dryRun', 'true or false', JSON.stringify(dryRun));
      response.json({ removed: await storageWork.free({ dryRun, ...(given !== undefined && { keep: Number(given) }) }) });
    },
  },
  {
    method: 'delete',
    path: '/runs/{id}',
    summary: 'Deletes a run that has ended, with its events and the files that its nodes wrote into the data folder.',
    answers: { 204: null, 404: problems, 409: problems },
    async handle(request, response) {
      const id = parameter(request, 'id');
      const found = runs.get(id);
      if (!found) throw err.NO_SUCH('run', id);
      if (found.run.finished === null) throw err.NOT_ENDED(id, found.run.status);
      runs.remove(id);
      await rm(data.outputFolder(id), { recursive: true, force: true });
      feed.queueChanged();
      response.status(204).end();
    },
  },
];
