// The rows of a batch as far as they are looked at: pages that are fetched when they come into view, and forgotten when there are many.
import type { BatchRowRecord } from '@facewright/core';
import { api } from '../api/http.ts';

export const PAGE = 100;
/** Pages that are kept; the farthest are forgotten. */
const KEPT = 12;

export class BatchRows {
  readonly #batch: string;
  readonly #changed: () => void;
  readonly #pages = new Map<number, readonly BatchRowRecord[]>();
  readonly #asked = new Set<number>();
  /** Failed rows, from the first on, as far as they were scrolled to. */
  #failed: BatchRowRecord[] = [];
  #moreFailed = true;
  #askingFailed = false;

  constructor(batch: string, changed: () => void) {
    this.#batch = batch;
    this.#changed = changed;
  }

  /** Rows from index `first`, 0 the first row; undefined where they are still on their way. */
  slice(first: number, count: number, total: number): readonly (BatchRowRecord | undefined)[] {
    const end = Math.min(total, first + count);
    for (let page = Math.floor(first / PAGE); page * PAGE < end; page++) void this.#fetch(page);
    return Array.from(
      { length: Math.max(0, end - first) },
      (_, i) => this.#pages.get(Math.floor((first + i) / PAGE))?.[(first + i) % PAGE],
    );
  }
  failed(first: number, count: number): readonly (BatchRowRecord | undefined)[] {
    if (first + count > this.#failed.length) void this.#fetchFailed();
    return this.#failed.slice(first, first + count);
  }
  /** What is known may be old: it is asked for again where it is looked at, and shown until then. */
  refresh(): void {
    this.#asked.clear();
    this.#failed = [];
    this.#moreFailed = true;
  }

  async #fetch(page: number): Promise<void> {
    if (this.#asked.has(page)) return;
    this.#asked.add(page);
    try {
      const rows = await api.batchRows(this.#batch, page * PAGE, PAGE);
      // Last in the map, as the one that was looked at last.
      this.#pages.delete(page);
      this.#pages.set(page, rows);
      for (const old of this.#pages.keys()) {
        if (this.#pages.size <= KEPT) break;
        this.#pages.delete(old);
        this.#asked.delete(old);
      }
      this.#changed();
    } catch {
      // The connection badge tells when the server is away; with it back, everything is asked for again.
    }
  }
  async #fetchFailed(): Promise<void> {
    if (this.#askingFailed || !this.#moreFailed) return;
    this.#askingFailed = true;
    try {
      const rows = await api.batchRows(this.#batch, this.#failed.at(-1)?.row ?? 0, PAGE, 'failed');
      this.#failed.push(...rows);
      this.#moreFailed = rows.length === PAGE;
      this.#changed();
    } catch {
      // As above.
    }
    this.#askingFailed = false;
  }
}
