// The rows of a batch as far as they are looked at: pages that are fetched when they come into view, and forgotten when there are many.
import type { BatchRowRecord } from '@facewright/core';
import { api } from '../api/http.ts';

export const PAGE = 100;
/** Pages that are kept; the farthest are forgotten. */
const KEPT = 12;

/** Puts a page last, as the one that was looked at last, and forgets the first where there are too many. */
function keep(pages: Map<number, readonly BatchRowRecord[]>, asked: Set<number>, page: number, rows: readonly BatchRowRecord[]): void {
  pages.delete(page);
  pages.set(page, rows);
  for (const old of pages.keys()) {
    if (pages.size <= KEPT) break;
    pages.delete(old);
    asked.delete(old);
  }
}

export class BatchRows {
  readonly #batch: string;
  readonly #changed: () => void;
  readonly #pages = new Map<number, readonly BatchRowRecord[]>();
  readonly #asked = new Set<number>();
  /** Pages of the failed rows alone, and the last row of each that was ever fetched: the page after it begins there. */
  readonly #failedPages = new Map<number, readonly BatchRowRecord[]>();
  readonly #failedAsked = new Set<number>();
  #failedEnds: number[] = [];
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
  failed(first: number, count: number, total: number): readonly (BatchRowRecord | undefined)[] {
    const end = Math.min(total, first + count);
    for (let page = Math.floor(first / PAGE); page * PAGE < end; page++)
      // One after the other, since each begins where the one before it ended.
      if (!this.#failedAsked.has(page)) void this.#fetchFailed(Math.min(page, this.#failedEnds.length));
    return Array.from(
      { length: Math.max(0, end - first) },
      (_, i) => this.#failedPages.get(Math.floor((first + i) / PAGE))?.[(first + i) % PAGE],
    );
  }
  /** What is known may be old: it is asked for again where it is looked at, and shown until then. */
  refresh(): void {
    this.#asked.clear();
    this.#failedAsked.clear();
    this.#failedEnds = [];
  }

  async #fetch(page: number): Promise<void> {
    if (this.#asked.has(page)) return;
    this.#asked.add(page);
    try {
      const rows = await api.batchRows(this.#batch, page * PAGE, PAGE);
      keep(this.#pages, this.#asked, page, rows);
      this.#changed();
    } catch {
      // The connection badge tells when the server is away; with it back, everything is asked for again.
    }
  }
  async #fetchFailed(page: number): Promise<void> {
    if (this.#askingFailed) return;
    this.#askingFailed = true;
    try {
      const after = this.#failedEnds[page - 1] ?? 0;
      const rows = await api.batchRows(this.#batch, after, PAGE, 'failed');
      this.#failedEnds[page] = rows.at(-1)?.row ?? after;
      this.#failedAsked.add(page);
      keep(this.#failedPages, this.#failedAsked, page, rows);
      this.#changed();
    } catch {
      // As above.
    }
    this.#askingFailed = false;
  }
}
