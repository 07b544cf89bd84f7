// What those who watch the server are told of batches.
import type { BatchEvent } from '@facewright/core';
import type { RowResult } from '../batch/row-records.ts';

/** Rows that a worker was given in one go, and what was recorded of them. */
export interface EndedRows {
  readonly batch: string;
  readonly name: string;
  readonly provider: string;
  /** Milliseconds since 1970. */
  readonly begun: number;
  readonly ended: number;
  readonly results: readonly RowResult[];
}
export interface BatchSink {
  event(event: BatchEvent, name: string): void;
  rows(rows: EndedRows): void;
}
