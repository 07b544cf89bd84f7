// What batches are made of, put together over a data folder.
import type { Catalogue, Graph } from '@facewright/core';
import type { DataFolder } from '../data/data-folder.ts';
import type { BatchSink } from '../observe/batch-sink.ts';
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

export interface OpenBatchesOptions {
  readonly data: DataFolder;
  readonly catalogue: Catalogue;
  /** Gives the rows to workers, and is woken when there are some. */
  readonly work: { wake(): void; readonly stopping: boolean };
  /** What computes. */
  provider(): string;
  readonly log: { error(message: string): void };
  /** Which batches are worked on. Default: all. */
  concerns?(batch: string): boolean;
  /** Those who watch. Default: nobody. */
  readonly sinks?: readonly BatchSink[];
}

export function openBatches({ data, catalogue, work, provider, log, concerns = () => true, sinks = [] }: OpenBatchesOptions): OpenBatches {
  const store = createBatchStore(data.database);
  const feed = createBatchFeed();
  const runner = createBatchRunner({
    store,
    wake: () => work.wake(),
    stopping: () => work.stopping,
    log,
    concerns,
    onEvent(event) {
      feed.event(event.batch);
      for (const sink of sinks) sink.event(event, store.get(event.batch).summary.name);
    },
    onRows(rows) {
      for (const sink of sinks) sink.rows(rows);
    },
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
