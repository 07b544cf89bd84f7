// Which rows are still to be run, as stretches: what was run is mostly everything up to some row.

/** From 1; `to` belongs to it. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export class RowRanges {
  /** In order, without overlaps. */
  #stretches: Stretch[] = [];

  /** All rows from 1 to `count` but those that were run, which come in order. */
  static without(count: number, run: Iterable<number>): RowRanges {
    const ranges = new RowRanges();
    let from = 1;
    for (const row of run) {
      if (row > from) ranges.#stretches.push({ from, to: row - 1 });
      from = row + 1;
    }
    if (count >= from) ranges.#stretches.push({ from, to: count });
    return ranges;
  }
  get empty(): boolean {
    return this.#stretches.length === 0;
  }
  /** Takes out up to `most` of the first rows. */
  take(most: number): number[] {
    const rows: number[] = [];
    while (rows.length < most && this.#stretches.length > 0) {
      const { from, to } = this.#stretches[0]!;
      const last = Math.min(to, from + most - rows.length - 1);
      for (let row = from; row <= last; row++) rows.push(row);
      if (last === to) this.#stretches.shift();
      else this.#stretches[0] = { from: last + 1, to };
    }
    return rows;
  }
  /** Puts rows in that are not in it. */
  put(from: number, to = from): void {
    if (to < from) return;
    const at = this.#stretches.findIndex((stretch) => stretch.from > to);
    const place = at < 0 ? this.#stretches.length : at;
    const [before, after] = [this.#stretches[place - 1], this.#stretches[place]];
    const joined = { from: before?.to === from - 1 ? before.from : from, to: after?.from === to + 1 ? after.to : to };
    const first = joined.from < from ? place - 1 : place;
    this.#stretches.splice(first, (joined.to > to ? place + 1 : place) - first, joined);
  }
}
