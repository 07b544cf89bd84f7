// What a training leaves behind: its curve, shown live and stored, and what it was.
import type { NodeContext, Training } from '@facewright/core';

export interface TrainingRecord {
  /** A point of the curve. */
  add(name: string, step: number, value: number): void;
  /** The training as a value; its seconds count from the making of the record. */
  finish(about: Pick<Training, 'method' | 'steps' | 'settings'>): Promise<Training>;
}

export function recordTraining(ctx: NodeContext): TrainingRecord {
  const started = performance.now();
  const curve: string[] = [];
  return {
    add(name, step, value) {
      ctx.metric(name, step, value);
      curve.push(JSON.stringify({ name, step, value }));
    },
    finish: async (about) => ({
      ...about,
      seconds: (performance.now() - started) / 1000,
      metrics: await ctx.assets.write(new TextEncoder().encode(`${curve.join('\n')}\n`), 'application/x-ndjson'),
    }),
  };
}
