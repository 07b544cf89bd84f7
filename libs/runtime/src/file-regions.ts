// Bytes of weight files that open models read: what several of them read is in memory once.
import type { RunnableModel } from '@facewright/tensor';

/** [from, to) by file. */
export type Regions = ReadonlyMap<string, readonly (readonly [number, number])[]>;

/** A file whose regions the model does not tell is read whole, `sizeOf` bytes. */
export const regionsOf = (files: RunnableModel['files'], sizeOf: (path: string) => number): Regions =>
  new Map(files.map(({ path, regions }) => [path, regions ?? [[0, sizeOf(path)]]]));

/** Bytes of all regions together, where they overlap counted once. */
export function unionBytes(all: readonly Regions[]): number {
  const byFile = Map.groupBy(
    all.flatMap((regions) => [...regions]),
    ([path]) => path,
  );
  let bytes = 0;
  for (const entries of byFile.values()) {
    let end = 0;
    for (const [from, to] of entries.flatMap(([, regions]) => regions).toSorted((a, b) => a[0] - b[0])) {
      bytes += Math.max(0, to - Math.max(from, end));
      end = Math.max(end, to);
    }
  }
  return bytes;
}
