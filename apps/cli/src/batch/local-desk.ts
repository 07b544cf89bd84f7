// Batches in the data folder, run by a worker process of our own. The folder is locked meanwhile, as by a server.
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { MemoryChoice, ProviderChoice } from '@facewright/runtime';
import {
  BatchRefused,
  BUILTIN_NODES,
  createSupervisor,
  loadNodes,
  lockDataFolder,
  openBatches,
  openDataFolder,
  type Log,
} from '@facewright/server';
import { err } from '../errors.ts';
import { ProblemList } from '../problem-list.ts';
import { isAtWork, type BatchDesk } from './batch-desk.ts';

export interface LocalDeskOptions {
  readonly dataFolder: string;
  /** Absolute paths of the models folders. */
  readonly models: readonly string[];
  readonly provider: ProviderChoice;
  readonly memory: MemoryChoice;
  /** URL of a module that exports `packages`; default: the built-in nodes. */
  readonly nodes?: string | undefined;
  readonly log: Log;
}

/** How long a row may take to stop when the batch is paused, ms. */
const CANCEL_GRACE_MS = 10_000;

/** Throws SERVER_DATA_IN_USE, SERVER_DATA_FOLDER, CORE_BAD_CATALOGUE. */
export async function openLocalDesk({ dataFolder, models, provider, memory, nodes, log }: LocalDeskOptions): Promise<BatchDesk> {
  const catalogue = await loadNodes(nodes);
  const unlock = lockDataFolder(dataFolder);
  const data = openDataFolder(dataFolder, models);
  const setup = { dataFolder: data.path, models, provider, memory, nodes: nodes ?? BUILTIN_NODES, sharedBy: 1 };
  const supervisor = createSupervisor({ setup, log, cancelGraceMs: CANCEL_GRACE_MS });
  let stopping = false;
  let mine: string | undefined;
  const work = {
    wake() {},
    get stopping() {
      return stopping;
    },
  };
  // What waits in the folder besides is the business of a server.
  const { batches, runner, feed } = openBatches({
    data,
    catalogue,
    work,
    provider: () => supervisor.provider() ?? 'cpu',
    log,
    concerns: (batch) => batch === mine,
  });
  const refusing = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw error instanceof BatchRefused ? new ProblemList(error.problems, error.count) : error;
    }
  };
  return {
    definitions: catalogue,
    place: { dataFolder: resolve(dataFolder) },
    async data(path) {
      const place = resolve(path);
      const info = await stat(place).catch(() => null);
      if (!info) throw err.BAD_OPTION('data', 'a file or a folder', `${path}, where there is none`);
      return { data: { path: place }, base: info.isDirectory() ? place : dirname(place) };
    },
    check: (request) => batches.check(request),
    create: (request) => refusing(async () => (await batches.create(request)).batch),
    list: async () => batches.list(200),
    get: async (id) => batches.get(id),
    append: (id, more, base) => refusing(() => batches.append(id, more, base)),
    steer: (id, how) => refusing(() => batches[how](id)),
    recordedSince: async (id, since, limit) => batches.recordedSince(id, since, limit),
    ran: async (id, after, limit) => batches.ran(id, after, limit),
    read: ({ id }) => data.assets.read(id),
    async work(id, changed, signal) {
      mine = id;
      runner.recover();
      const stop = feed.listen(
        () => {},
        () => changed(batches.summary(id), batches.activity(id)),
      );
      const pause = () => {
        if (isAtWork(batches.summary(id))) batches.pause(id);
        supervisor.cancel();
      };
      signal.addEventListener('abort', pause, { once: true });
      if (signal.aborted) pause();
      while (runner.peek()) await runner.take(supervisor);
      signal.removeEventListener('abort', pause);
      stop();
      changed(batches.summary(id), null);
    },
    async close() {
      stopping = true;
      feed.close();
      await supervisor.stop(0);
      data.close();
      unlock();
    },
  };
}
