// The worker process: runs graphs on one device, one after the other. It may die; the server starts another.
import { join } from 'node:path';
import { isTerminal, messageOf, toProblem } from '@facewright/core';
import { createRunControl, executeRun, type CheckpointStore, type EngineHost, type RunControl } from '@facewright/engine';
import { createRuntime } from '@facewright/runtime';
import { ownMemory } from '@facewright/runtime/memory';
import { CodedError } from '@facewright/tensor';
import { runRows } from '../batch/run-rows.ts';
import { openDataFolder } from '../data/data-folder.ts';
import { err } from '../errors.ts';
import { loadNodes } from '../load-nodes.ts';
import { createLocalHost } from '../local-host.ts';
import { startBeat } from './worker-beat.ts';
import type { FromWorker, ToWorker, WorkerPlace, WorkerSetup } from './worker-protocol.ts';

const send = (message: FromWorker) => {
  process.send!(message);
};
/** What the worker is at, for its log. */
let at: WorkerPlace = {};
// The server ends the worker; without one there is nobody to work for.
process.on('disconnect', () => process.exit(0));
// Both are sent to the whole process group by a terminal; the server decides when the worker ends.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

const tellNode = startBeat(Number(process.argv[3]));
try {
  const setup = JSON.parse(process.argv[2]!) as WorkerSetup;
  const catalogue = await loadNodes(setup.nodes);
  const data = openDataFolder(setup.dataFolder, setup.models, { allowPaths: setup.allowPaths ?? null });
  const runtime = await createRuntime({
    provider: setup.provider,
    ...(setup.memory !== undefined && { memory: setup.memory }),
    sharedBy: setup.sharedBy,
    linkFolder: data.linkFolder,
    log: (message) => send({ type: 'log', message, at }),
  });
  const { cache, history } = data;
  const checkpoints: CheckpointStore = {
    ...data.checkpoints,
    async save(key, checkpoint) {
      send({ type: 'saving', saving: true });
      await data.checkpoints.save(key, checkpoint).finally(() => send({ type: 'saving', saving: false }));
    },
  };
  const commit = (): void => {
    try {
      data.flush();
    } catch (cause) {
      send({ type: 'log', message: messageOf(cause), at });
    }
  };
  let cancel: AbortController | undefined;
  let control: RunControl | undefined;

  process.on('message', (message: ToWorker) => {
    if (message.type === 'cancel') return cancel?.abort();
    if (message.type === 'steer') return control?.[message.how]();
    const { job } = message;
    cancel = new AbortController();
    control = createRunControl();
    const end = data.leases.begin('run');
    const { signal } = cancel;
    const hostIn = (outputFolder: string): EngineHost => {
      const host = createLocalHost({ data: { ...data, checkpoints }, runtime, outputFolder });
      return {
        ...host,
        openNode(node, signal) {
          const io = host.openNode(node, signal);
          tellNode(node);
          return { ...io, close: () => io.close().finally(() => tellNode(null)) };
        },
      };
    };
    const common = { catalogue, cache, provider: runtime.provider, signal, control };
    at = job.type === 'run' ? { run: job.run } : {};
    const work =
      job.type === 'rows'
        ? runRows({
            ...common,
            job,
            hostOf(row) {
              at = { batch: job.batch, row };
              return hostIn(join(data.outputFolder(job.batch), String(row).padStart(6, '0')));
            },
            read: ({ id }) => data.assets.read(id),
            report(report) {
              if (report.results.length > 0) commit();
              send({ type: 'rows', ...report });
            },
          })
        : executeRun({
            ...common,
            graph: job.graph,
            ...(job.targets && { targets: job.targets }),
            history,
            host: hostIn(data.outputFolder(job.run)),
            emit: (event) => {
              if (event.type === 'node_started') at = { run: job.run, node: event.node };
              // Who hears of the end may ask at once what is stored.
              if (isTerminal(event)) commit();
              send({ type: 'event', event });
            },
          });
    void work.then(() => {
      end();
      at = {};
      send({ type: 'idle', held: { all: ownMemory(), models: runtime.held() } });
    });
  });
  send({ type: 'ready', provider: runtime.provider, description: runtime.description });
} catch (error) {
  send({ type: 'cannot_start', problem: toProblem(error instanceof CodedError ? error : err.WORKER_START(messageOf(error))) });
}
