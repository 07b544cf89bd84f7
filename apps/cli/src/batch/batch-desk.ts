// Where a batch is run: by this process over a data folder, or by a server. Both say the same of it.
import type {
  Asset,
  BatchActivity,
  BatchCheck,
  BatchData,
  BatchDetails,
  BatchRequest,
  BatchRowRecord,
  BatchSummary,
  Definitions,
} from '@facewright/core';

/** Throws a ProblemList with what is refused, besides what is said. */
export interface BatchDesk {
  readonly definitions: Definitions;
  /** How the batch is found again: what `--resume` remembers. */
  readonly place: { readonly server: string } | { readonly dataFolder: string };
  /** Data on this machine as the desk takes it: a file of rows, or a folder of pictures. Throws CLI_BAD_OPTION. */
  data(path: string): Promise<{ readonly data: BatchData; readonly base: string }>;
  check(request: BatchRequest): Promise<BatchCheck>;
  create(request: BatchRequest): Promise<BatchDetails>;
  list(): Promise<readonly BatchSummary[]>;
  get(id: string): Promise<BatchDetails>;
  append(id: string, data: BatchData, base: string): Promise<BatchDetails>;
  steer(id: string, how: 'pause' | 'continue' | 'retryFailed'): Promise<BatchDetails>;
  /** Those recorded after a number, in the order of recording. */
  recordedSince(id: string, since: number, limit: number): Promise<readonly BatchRowRecord[]>;
  /** Those that were run, by row. */
  ran(id: string, after: number, limit: number): Promise<readonly BatchRowRecord[]>;
  read(asset: Asset): Promise<Uint8Array>;
  /**
   * Resolves when the batch has ended or is paused; runs it until then, or waits for the server that does. Tells of every change, a few times a second. When the
   * signal aborts, the batch is paused.
   */
  work(id: string, changed: (summary: BatchSummary, activity: BatchActivity | null) => void, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export const isAtWork = ({ status }: BatchSummary): boolean => status === 'queued' || status === 'running';
