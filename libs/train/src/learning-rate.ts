// Learning rates over the course of a training: a linear warm-up, then a constant, a line down or half a cosine.
import { err } from './errors.ts';

export interface LearningRateSettings {
  /** The highest rate, reached at the end of the warm-up; above 0. */
  readonly peak: number;
  /** Steps of the whole training. */
  readonly steps: number;
  /** Steps of rising, at most `steps`; default 0. */
  readonly warmUp?: number;
  readonly shape: 'constant' | 'linear' | 'cosine';
  /** Share of the peak that is left at the end, in [0, 1]; default 0. */
  readonly floor?: number;
  /** Share of the steps after which the fall begins, in [0, 1); before it the rate stays at its peak. Default 0: right after the warm-up. */
  readonly holdUntil?: number;
}

/** The rate at each step, counted from 0. Throws TRAIN_SETTINGS with all values out of range. */
export function learningRateSchedule({
  peak,
  steps,
  warmUp = 0,
  shape,
  floor = 0,
  holdUntil = 0,
}: LearningRateSettings): (step: number) => number {
  const problems = [
    ...(peak > 0 && Number.isFinite(peak) ? [] : [`peak: expected a finite number above 0, got ${peak}`]),
    ...(Number.isInteger(steps) && steps > 0 ? [] : [`steps: expected a whole number above 0, got ${steps}`]),
    ...(Number.isInteger(warmUp) && warmUp >= 0 && warmUp <= steps
      ? []
      : [`warmUp: expected a whole number in [0, ${steps}], got ${warmUp}`]),
    ...(floor >= 0 && floor <= 1 ? [] : [`floor: expected a number in [0, 1], got ${floor}`]),
    ...(holdUntil >= 0 && holdUntil < 1 ? [] : [`holdUntil: expected a number in [0, 1), got ${holdUntil}`]),
  ];
  if (problems.length > 0) throw err.SETTINGS('learning rate', problems);
  const start = Math.max(warmUp, Math.round(holdUntil * steps));
  return (step) => {
    if (step < warmUp) return (peak * (step + 1)) / warmUp;
    const done = Math.min(1, Math.max(0, (step - start) / Math.max(1, steps - 1 - start)));
    const left = shape === 'constant' ? 1 : shape === 'linear' ? 1 - done : (1 + Math.cos(Math.PI * done)) / 2;
    return peak * (floor + (1 - floor) * left);
  };
}
