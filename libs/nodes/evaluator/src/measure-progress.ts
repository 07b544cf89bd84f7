// What is measured so far, kept in the node's checkpoint: scores of thousands of pictures take long, and a cancel or a crash must not cost them.
import type { NodeContext } from '@facewright/core';
import type { PictureValue } from '@facewright/pipelines';
import { float32 } from '@facewright/tensor';

/** Between two saves, ms: features of thousands of pictures are tens of megabytes. */
const saveMs = 30_000;

/** Of one set of pictures; grows. */
export interface SetProgress {
  /** Pictures measured by every metric. */
  count: number;
  readonly values: Record<string, PictureValue[]>;
  readonly features: Record<string, Float32Array[]>;
}
export interface MeasureProgress {
  /** The next set, in the order of the first time: with what an earlier run measured of it. */
  next(): SetProgress;
  /** Between two groups of pictures: saves now and then, and always when the run is cancelled or paused. */
  gate(): Promise<void>;
}

interface Saved {
  readonly sets: readonly { readonly count: number; readonly values: Readonly<Record<string, readonly PictureValue[]>> }[];
}

export async function openProgress(ctx: NodeContext): Promise<MeasureProgress> {
  const found = await ctx.checkpoint.load();
  const sets = ((found?.data as Saved | undefined)?.sets ?? []).map(({ count, values }): SetProgress => ({
    count,
    values: Object.fromEntries(Object.entries(values).map(([name, list]) => [name, [...list]])),
    features: {},
  }));
  for (const [name, { dims, data }] of Object.entries(found?.tensors ?? {})) {
    const [index = '', network = ''] = /^(\d+)\/(.*)$/.exec(name)?.slice(1) ?? [];
    const [rows = 0, length = 0] = dims;
    sets[Number(index)]!.features[network] = Array.from({ length: rows }, (_, i) =>
      Float32Array.from((data as Float32Array).subarray(i * length, (i + 1) * length)),
    );
  }
  const before = sets.reduce((sum, { count }) => sum + count, 0);
  if (before > 0) ctx.log('info', `goes on after ${before} measured pictures`);

  let used = 0;
  let saved = performance.now();
  const save = async () => {
    await ctx.checkpoint.save({
      data: { sets: sets.map(({ count, values }) => ({ count, values })) } satisfies Saved,
      tensors: Object.fromEntries(
        sets.flatMap(({ features }, i) => Object.entries(features).map(([network, rows]) => [`${i}/${network}`, stacked(rows)])),
      ),
    });
    saved = performance.now();
  };
  return {
    next() {
      const set = (sets[used] ??= { count: 0, values: {}, features: {} });
      used += 1;
      return set;
    },
    async gate() {
      if (performance.now() - saved > saveMs) await save();
      await ctx.gate(save);
    },
  };
}

function stacked(rows: readonly Float32Array[]) {
  const length = rows[0]?.length ?? 0;
  const data = new Float32Array(rows.length * length);
  rows.forEach((row, i) => data.set(row, i * length));
  return float32([rows.length, length], data);
}
