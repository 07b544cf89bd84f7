// The server process: HTTP, socket.io, the queue of runs and what is stored. It never computes; the worker does.
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { MemoryChoice, ProviderChoice } from '@facewright/runtime';
import { createAccessStore } from './access/access-store.ts';
import { createGate } from './access/gate.ts';
import { openDataFolder, PROJECT_FOLDER } from './data/data-folder.ts';
import { lockDataFolder } from './data/data-lock.ts';
import { createDispatcher } from './queue/dispatcher.ts';
import { err } from './errors.ts';
import { createGraphFiles } from './files/graph-files.ts';
import { isLoopback } from './access/guard.ts';
import { openBatches } from './batch/open-batches.ts';
import { createHttpApp } from './http/http-app.ts';
import { createAdmission } from './workers/job-admission.ts';
import { createJobMemory } from './workers/job-memory.ts';
import { createLive } from './events/live.ts';
import { BUILTIN_NODES, loadNodes } from './load-nodes.ts';
import { tellSinks } from './observe/active-runs.ts';
import type { Log } from './observe/log.ts';
import { logBatches } from './observe/log-batches.ts';
import { logRuns } from './observe/log-runs.ts';
import { createMetrics } from './observe/metrics.ts';
import { createReadiness } from './observe/readiness.ts';
import { openTraces } from './observe/traces.ts';
import { changesOf } from './queue/queue-routes.ts';
import { createRunFeed } from './events/run-feed.ts';
import { createRunLocks } from './plan/run-locks.ts';
import { createRunNodes } from './queue/run-nodes.ts';
import { createRunQueue } from './queue/run-queue.ts';
import { createRunStore } from './queue/run-store.ts';
import { startHousekeeper } from './storage/housekeeper.ts';
import { createStorageWork } from './storage/storage-work.ts';
import { openTemplates } from './files/templates.ts';
import { createSupervisor, type WorkerLimits } from './workers/worker-supervisor.ts';

export interface ServerOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly host: string;
  /** Names under which the server may be called besides its address. */
  readonly allowHosts?: readonly string[];
  /** Whether a token is needed; on an address that others can reach it always is. Default: only there. */
  readonly requireToken?: boolean;
  /** Where a token is needed: folders that paths in graphs may lead into, besides the models folders and what runs have written. */
  readonly allowPaths?: readonly string[];
  readonly dataFolder: string;
  /** Absolute paths of models folders, in the order in which they are searched. Default: none. */
  readonly models?: readonly string[];
  /** Where models run; a worker for each of a list. */
  readonly provider: ProviderChoice | readonly ProviderChoice[];
  /** How much memory open models may take, of all workers together. Default `auto`. */
  readonly memory?: MemoryChoice;
  readonly log: Log;
  /** URL of a module that exports `packages`; default: the built-in nodes. */
  readonly nodes?: string;
  readonly templatesFolder?: string;
  readonly editorFolder?: string;
  /** How long a cancelled run may take to stop by itself, ms. Default 10,000. */
  readonly cancelGraceMs?: number;
  /** When a worker is ended or replaced. */
  readonly limits?: Partial<WorkerLimits>;
  /** How many bytes results, assets and checkpoints may take; above that, those used longest ago are removed. Default: no limit. */
  readonly keep?: number;
}
export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** Of each worker. */
  readonly providers: readonly string[];
  /** Process id of a worker, default the first; null while there is none. */
  workerPid(worker?: number): number | null;
  /** Takes no new requests, waits up to `graceMs` for the runs in progress, then ends workers and server. */
  close(graceMs?: number): Promise<void>;
}

/** Whoever sends a request bit by bit is let go: headers within 20 s, all of it within 10 minutes, which a large upload may take. */
const CONNECTIONS = {
  headersTimeout: 20_000,
  requestTimeout: 600_000,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 5000,
  maxHeaderSize: 16 * 2 ** 10,
};
const MOST_CONNECTIONS = 4096;
const MOST_HEADERS = 100;

/**
 * Resolves when requests are answered and the workers are ready. Rejects with SERVER_PORT_IN_USE, SERVER_LISTEN, SERVER_DATA_IN_USE, SERVER_DATA_FOLDER,
 * SERVER_NO_TOKENS, CORE_BAD_CATALOGUE, or with what keeps a worker from starting.
 */
export async function startServer({
  port,
  host,
  allowHosts = [],
  requireToken = false,
  allowPaths = [],
  dataFolder,
  models = [],
  provider,
  memory,
  log,
  nodes = BUILTIN_NODES,
  templatesFolder = join(PROJECT_FOLDER, 'templates'),
  editorFolder = join(PROJECT_FOLDER, 'apps/editor/dist'),
  cancelGraceMs = 10_000,
  limits = {},
  keep,
}: ServerOptions): Promise<RunningServer> {
  const undo: (() => unknown)[] = [];
  try {
    const catalogue = await loadNodes(nodes);
    undo.push(lockDataFolder(dataFolder));
    const needsToken = requireToken || !isLoopback(host);
    // Who is let in from elsewhere does not own this machine.
    const reach = needsToken ? allowPaths.map((path) => resolve(path)) : null;
    const data = openDataFolder(dataFolder, models, { warn: log.warn, allowPaths: reach });
    undo.push(data.close);
    const access = createAccessStore(data.database);
    const gate = createGate(access, needsToken);
    undo.push(gate.close);
    if (gate.required && access.list().length === 0) throw err.NO_TOKENS(host);
    const storageWork = createStorageWork(data.path);
    undo.push(startHousekeeper({ data, work: storageWork, keep, log }));
    const runs = createRunStore(data.database);
    const providers = [provider].flat();
    const admission = createAdmission(createJobMemory(data.database, catalogue, data.files), () => supervisors);
    const supervisors = providers.map((provider) =>
      createSupervisor({
        setup: {
          dataFolder: data.path,
          models,
          allowPaths: reach,
          provider,
          nodes,
          ...(memory !== undefined && { memory }),
          sharedBy: providers.filter((one) => one === provider).length,
        },
        log,
        cancelGraceMs,
        limits,
        admission,
        onReady: () => metrics.workerStarted(),
      }),
    );
    const metrics = createMetrics({ database: data.database, workers: supervisors, socketClients: () => live.clients() });
    const traces = await openTraces(process.env, log.warn);
    if (traces) undo.push(traces.close);
    const feed = createRunFeed();
    undo.push(feed.close);
    const locks = createRunLocks({
      data,
      catalogue,
      runs,
      deviceOf: (provider) => supervisors.find((supervisor) => supervisor.provider() === provider)?.device() ?? 'unknown',
      log,
    });
    const tell = tellSinks(
      [feed.event, locks.event, metrics.event, logRuns(log), ...(traces ? [traces.event] : [])],
      (run) => runs.find(run)?.name ?? '',
    );
    const dispatcher = createDispatcher({ supervisors, paused: runs.paused, log });
    const queue = createRunQueue({ store: runs, dispatcher, log, onEvent: tell, onChange: feed.queueChanged });
    dispatcher.add(queue);
    const addresses = { boundTo: host, allowHosts };
    const {
      batches,
      runner: batchRunner,
      feed: batchFeed,
    } = openBatches({
      data,
      catalogue,
      work: dispatcher,
      provider: () => supervisors[0]?.provider() ?? 'cpu',
      log,
      sinks: [metrics.batches, logBatches(log), ...(traces ? [traces.batches] : [])],
    });
    undo.push(batchFeed.close);
    dispatcher.add(batchRunner);
    const app = createHttpApp({
      services: {
        catalogue,
        data,
        graphs: createGraphFiles(join(data.path, 'graphs')),
        templates: openTemplates(templatesFolder, log.warn),
        runs,
        queue,
        feed,
        locks,
        nodesOf: createRunNodes(data.database),
        batches,
        batchFeed,
        supervisors,
        access,
        gate,
        keep,
        storageWork,
      },
      addresses,
      editorFolder,
      monitoring: {
        metrics,
        readiness: createReadiness({ dataFolder: data.path, database: data.database, workers: supervisors }),
      },
      log,
    });
    const server = createServer(CONNECTIONS, app);
    server.maxConnections = MOST_CONNECTIONS;
    server.maxHeadersCount = MOST_HEADERS;
    const live = createLive({ server, addresses, gate, runs, feed, changes: changesOf(runs, queue), batches, batchFeed });
    await listen(server, port, host);
    undo.push(() => {
      server.closeAllConnections();
      return live.close();
    });
    if (!isLoopback(host))
      log.warn(`listening on ${host} without encryption: put a proxy with TLS before it where others share the network`);
    const stop = async (graceMs: number) => {
      await dispatcher.stop(graceMs);
      queue.close();
    };
    undo.push(() => stop(0));
    queue.recover();
    batchRunner.recover();
    await dispatcher.start();

    const bound = (server.address() as AddressInfo).port;
    return {
      url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
      port: bound,
      providers: supervisors.map((supervisor) => supervisor.provider()!),
      workerPid: (worker = 0) => supervisors[worker]?.pid() ?? null,
      async close(graceMs = 0) {
        server.close();
        await stop(graceMs);
        for (const step of undo.toReversed().slice(1)) await step();
      },
    };
  } catch (cause) {
    for (const step of undo.toReversed()) await step();
    throw cause;
  }
}

function listen(server: HttpServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(cause.code === 'EADDRINUSE' ? err.PORT_IN_USE(host, port) : err.LISTEN(host, port, cause.message)),
    );
    server.listen(port, host, resolve);
  });
}
