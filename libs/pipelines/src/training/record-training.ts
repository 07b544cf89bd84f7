// What a training leaves behind: its curve, shown live and stored, and what it was.
import type { NodeContext, Training } from '@facewright/core';
import { float64, type Tensor } from '@facewright/tensor';
import type { Resumable } from './resumable.ts';

export interface TrainingRecord extends Resumable {
  /** A point of the curve. */
  add(name: string, step: number, value: number): void;
  /** The training as a value; its seconds are those of all runs that it took. */
  finish(about: Pick<Training, 'method' | 'steps' | 'settings'>): Promise<Training>;
}

/** A training that goes on shows its curve until then at once: so many points of it, which is what a screen can. */
const shownAgain = 500;

export function recordTraining(ctx: NodeContext): TrainingRecord {
  let started = performance.now();
  /** In the order met: which curve, at which step, how much. */
  const points: { readonly name: string; readonly step: number; readonly value: number }[] = [];
  const seconds = () => (performance.now() - started) / 1000;
  return {
    add(name, step, value) {
      ctx.metric(name, step, value);
      points.push({ name, step, value });
    },
    finish: async (about) => ({
      ...about,
      seconds: seconds(),
      metrics: await ctx.assets.write(
        new TextEncoder().encode(`${points.map((point) => JSON.stringify(point)).join('\n')}\n`),
        'application/x-ndjson',
      ),
    }),
    save() {
      const names = [...new Set(points.map(({ name }) => name))];
      // Three numbers a point: text would be many times as long.
      const table = points.flatMap(({ name, step, value }) => [names.indexOf(name), step, value]);
      return { data: { names, seconds: seconds() }, tensors: { points: float64([points.length, 3], table) } };
    },
    restore({ data, tensors = {} }) {
      const { names, seconds: before } = data as { readonly names: readonly string[]; readonly seconds: number };
      const table = (tensors['points'] as Tensor<'float64'>).data;
      for (let at = 0; at < table.length; at += 3) points.push({ name: names[table[at]!]!, step: table[at + 1]!, value: table[at + 2]! });
      started -= before * 1000;
      for (const name of names) {
        const curve = points.filter((point) => point.name === name);
        const every = Math.ceil(curve.length / shownAgain);
        for (const [at, { step, value }] of curve.entries()) if ((curve.length - 1 - at) % every === 0) ctx.metric(name, step, value);
      }
    },
  };
}
