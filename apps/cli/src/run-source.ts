// Where a graph runs: in this process, or on a server. Both tell it by the same events.
import type { Asset, Definitions, Graph, RunEvent, RunLock } from '@facewright/core';

/** What is to run. */
export interface RunJob {
  readonly graph: Graph;
  /** Nodes whose results are wanted; without it the output nodes. */
  readonly targets?: readonly string[];
}
export interface RunSource {
  readonly definitions: Definitions;
  /** Where the outputs go when no folder is asked for; null when the server keeps them. */
  readonly outputFolder: string | null;
  /** Emits every event, the terminal one last; resolves then. Throws a ProblemList when the graph cannot run at all. */
  run(job: RunJob, emit: (event: RunEvent) => void, signal: AbortSignal): Promise<void>;
  /** What the run that was carried out depended on; `events` are its events. */
  lock(job: RunJob, events: readonly RunEvent[]): Promise<RunLock>;
  read(asset: Asset): Promise<Uint8Array>;
  close(): Promise<void>;
}
