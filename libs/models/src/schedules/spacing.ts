// Which training timesteps a walk visits.
import type { Spacing } from './noise-schedule.ts';

/** Training timesteps that `count` steps visit, most noise first. Whole numbers, but for linspace when `round` is false. */
export function spacedTimesteps(spacing: Spacing, count: number, trained: number, offset: number, round: boolean): number[] {
  switch (spacing) {
    case 'leading': {
      const ratio = Math.floor(trained / count);
      return Array.from({ length: count }, (_, i) => (count - 1 - i) * ratio + offset);
    }
    case 'trailing': {
      // numpy's arange steps by the rounded difference of its first two values; where a multiple of it falls next to a half, rounding shows
      const stride = trained - (trained - trained / count);
      return Array.from({ length: count }, (_, i) => roundHalfEven(trained - i * stride) - 1);
    }
    case 'linspace': {
      const stride = count === 1 ? 0 : (trained - 1) / (count - 1);
      const t = Array.from({ length: count }, (_, i) => (i === 0 && count > 1 ? trained - 1 : (count - 1 - i) * stride));
      return round ? t.map(roundHalfEven) : t;
    }
  }
}

/** As numpy rounds: halves go to the even neighbour. */
export const roundHalfEven = (x: number): number => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
