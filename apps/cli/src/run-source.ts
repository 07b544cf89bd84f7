// Where a graph runs: in this process, or on a server. Both tell it by the same events.
import type { Asset, Definitions, Graph, RunEvent } from '@facewright/core';

export interface RunSource {
  readonly definitions: Definitions;
  /** Where the outputs go when no folder is asked for; null when the server keeps them. */
  readonly outputFolder: string | null;
  /** Emits every event, the terminal one last; resolves then. Throws a ProblemList when the graph cannot run at all. */
  run(graph: Graph, emit: (event: RunEvent) => void, signal: AbortSignal): Promise<void>;
  read(asset: Asset): Promise<Uint8Array>;
  close(): Promise<void>;
}
