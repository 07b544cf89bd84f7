// What server, editor and command line tell each other about the room that a data folder takes.

export interface Amount {
  readonly count: number;
  readonly bytes: number;
}
export interface StorageUse {
  readonly assets: Amount;
  readonly results: Amount;
  readonly checkpoints: Amount;
  /** Bytes: files that nodes of runs wrote. */
  readonly runs: Amount;
  /** Bytes of the database files. */
  readonly databases: number;
  /** Damaged files that were put aside. */
  readonly quarantine: Amount;
  /** What freeing room would remove now. */
  readonly removable: Amount;
  /** How many bytes results, assets and checkpoints may take; null: no limit. */
  readonly keep: number | null;
}
/** What freeing room removed, or would remove. */
export interface GarbageReport {
  readonly results: Amount;
  readonly assets: Amount;
  readonly checkpoints: Amount;
  /** Pieces of writing that a crash cut off. */
  readonly pieces: Amount;
  /** Bytes that results, assets and checkpoints take afterwards. */
  readonly kept: number;
  /** How far that is above the limit: runs, judging tasks, graphs or batches refer to it, or it was written just now. */
  readonly over: number;
}
/** Something damaged, missing or left over in a data folder. */
export interface StorageFinding {
  /** Path in the data folder. */
  readonly place: string;
  readonly problem: string;
  /** What was done about it; null: nothing, or nothing can be. */
  readonly repaired: string | null;
}
