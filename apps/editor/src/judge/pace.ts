// How long the rest takes, by how fast the annotator was until now.

/** A pause longer than this is no judging, ms. */
const longest = 60_000;
const enough = 5;

export class Pace {
  private readonly times: number[] = [];
  private last: number | undefined;

  /** A set was judged at a time, ms. */
  tick(now: number): void {
    if (this.last !== undefined && now - this.last < longest) this.times.push(now - this.last);
    this.last = now;
  }
  /** Minutes for that many sets, by the median of the last 50; null until there is enough to tell. */
  minutesFor(sets: number): number | null {
    if (this.times.length < enough || sets === 0) return null;
    const sorted = this.times.slice(-50).sort((a, b) => a - b);
    return (sets * sorted[sorted.length >> 1]!) / 60_000;
  }
}
