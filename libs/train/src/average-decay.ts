// How fast averaged weights forget.
import { err } from './errors.ts';

/**
 * The `ema_decay` to feed a train step that keeps averages, by step from 0: min(decay, (1 + n) / (10 + n)), the warm-up of diffusers' EMAModel, so that the first,
 * random weights are soon forgotten. `decay` in [0, 1). Throws TRAIN_SETTINGS otherwise.
 */
export function averageDecay(decay: number): (step: number) => number {
  if (!(decay >= 0 && decay < 1)) throw err.SETTINGS('averaged weights', [`decay: expected a number in [0, 1), got ${decay}`]);
  return (step) => Math.min(decay, (1 + step) / (10 + step));
}
