// What batches are made of, put together over a data folder.
import type { Catalogue, Graph } from '@facewright/core';
import type { DataFolder } from '../data/data-folder.ts';
import { foretellRun } from '../plan/foretell-run.ts';
import { createBatchFeed, type BatchFeed } from './batch-feed.ts';
import { createBatchRunner, type BatchRunner } from './batch-runner.ts';
import { createBatchStore } from './batch-store.ts';
import { createBatches, type Batches } from './batches.ts';

export interface OpenBatches {
  readonly batches: Batches;
  readonly runner: BatchRunner;
  readonly feed: BatchFeed;
}

/** `work` gives the rows to workers, and is woken when there are some. `concerns`: which batches are worked on; default: all. */
export function openBatches(
  data: DataFolder,
  catalogue: Catalogue,
  work: { wake(): void; readonly stopping: boolean },
  provider: () => string,
  log: { error(message: string): void },
  concerns: (batch: string) => boolean = () => true,
): OpenBatches {
  const store = createBatchStore(data.database);
  const feed = createBatchFeed();
  const runner = createBatchRunner({
    store,
    wake: () => work.wake(),
    stopping: () => work.stopping,
    log,
    concerns,
    onEvent: ({ batch }) => feed.event(batch),
    onChange: feed.changed,
  });
  const foretell = async (graph: Graph) => {
    const { total, problems } = await foretellRun(data, { graph, catalogue, provider: provider() });
    return problems.length > 0 || total.unknown > 0 || total.seconds === 0
      ? null
      : { secondsPerRow: total.seconds, from: 'earlier runs of its nodes' };
  };
  const batches = createBatches({ store, runner, foretell, catalogue, data, wake: () => work.wake(), onChange: feed.changed });
  return { batches, runner, feed };
}
