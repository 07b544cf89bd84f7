// How much a training may keep of its forward pass: what the model and the optimiser leave of the memory.

/** Whether parts of the forward pass run twice in every step instead of staying in memory: where they would not fit, never, or always. */
export type Recompute = 'auto' | 'off' | 'on';

export interface Held {
  /** Bytes that open models may take. */
  readonly memory: number;
  /** Numbers in all parameters, and in those that are trained. */
  readonly parameters: number;
  readonly trained: number;
  /** Copies of the trained parameters besides those that every training has, as averages are. */
  readonly copies?: number;
}

/** A training has its parameters, two moments and gradients; all are float32. */
const COPIES = 4;
/** The pass back has buffers of its own beside what was kept: see docs/train-step.md. */
const SHARE = 2 / 3;

/** Bytes for `keep` of trainStep. */
export function bytesToKeep(recompute: Recompute, { memory, parameters, trained, copies = 0 }: Held): number {
  switch (recompute) {
    case 'off':
      return Infinity;
    case 'on':
      return 0;
    case 'auto':
      return Math.max(0, memory - 4 * (parameters - trained) - 4 * trained * (COPIES + copies)) * SHARE;
  }
}
