// A table of any format: its columns, and its rows one after the other.

/** `line` counts from 1, as editors do; of Parquet it is the row. */
export type Row =
  { readonly line: number; readonly record: Readonly<Record<string, unknown>> } | { readonly line: number; readonly problem: string };

export interface Table {
  /** What its places are called: line 7, row 7. */
  readonly unit: 'line' | 'row';
  readonly columns: readonly string[];
  /** The largest `line`. */
  readonly length: number;
  /** Columns that are not wanted may be missing from the records. */
  rows(wanted: readonly string[]): AsyncIterable<Row>;
}
