// Runs the graph of a lock again and compares what it gives.
import { randomUUID } from 'node:crypto';
import type { Catalogue, RunEvent, RunLock } from '@facewright/core';
import {
  compareLocks,
  createMemoryCache,
  createMemoryCheckpoints,
  createMemoryHistory,
  executeRun,
  type Difference,
} from '@facewright/engine';
import type { Runtime } from '@facewright/runtime';
import { createLocalHost, lockRun, type DataFolder } from '@facewright/server';
import { ProblemList } from '../problem-list.ts';
import { compareOutputs, type ComparedOutput } from './compare-outputs.ts';

export interface Replayed {
  readonly outputs: readonly ComparedOutput[];
  /** Of the run, beyond what was known before it: the element types that were chosen. */
  readonly differences: readonly Difference[];
  /** Nodes whose results were taken from the store. */
  readonly stored: number;
  readonly lock: RunLock;
}
export interface ReplayRun {
  readonly lock: RunLock;
  readonly catalogue: Catalogue;
  readonly data: DataFolder;
  readonly runtime: Runtime;
  /** Computes everything, also what is stored, and goes on from nothing that was kept. */
  readonly fresh: boolean;
  /** Where nodes write files; default: a folder of the run in the data folder. */
  readonly out?: string | undefined;
  show(event: RunEvent): void;
  readonly signal: AbortSignal;
}

/** Rejects with a ProblemList when the run fails or is cancelled. What explains later runs of the graph stays as it is. */
export async function replayRun({ lock, catalogue, data, runtime, fresh, out, show, signal }: ReplayRun): Promise<Replayed> {
  const run = randomUUID();
  const events: RunEvent[] = [];
  const stores = fresh ? { ...data, checkpoints: createMemoryCheckpoints() } : data;
  await executeRun({
    graph: lock.graph,
    ...(lock.targets && { targets: lock.targets }),
    catalogue,
    cache: fresh ? createMemoryCache() : data.cache,
    history: createMemoryHistory(),
    host: createLocalHost({ data: stores, runtime, outputFolder: out ?? data.outputFolder(run) }),
    provider: runtime.provider,
    signal,
    emit(body) {
      const event = { ...body, run, seq: events.length + 1, time: new Date().toISOString() };
      events.push(event);
      show(event);
    },
  });
  const last = events.at(-1)!;
  if (last.type !== 'run_succeeded') throw new ProblemList(last.type === 'run_failed' ? last.problems : []);
  const again = await lockRun({
    run,
    graph: lock.graph,
    targets: lock.targets,
    events,
    catalogue,
    data,
    deviceOf: () => runtime.description,
  });
  return {
    outputs: await compareOutputs(lock.outputs, again.outputs, data.assets),
    differences: compareLocks(lock, again).filter(({ factor }) => factor === 'precision'),
    stored: events.filter(({ type }) => type === 'node_cached').length,
    lock: again,
  };
}
