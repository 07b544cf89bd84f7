// How much a loss is scaled so that gradients in float16 neither vanish nor overflow, by the rule of torch.amp.GradScaler.

export interface LossScaler {
  /** Of the next step; a power of two, so that dividing by it is exact. */
  readonly scale: number;
  /** Steps that moved nothing, as their gradients overflowed. */
  readonly skipped: number;
  /** Told after each step whether its gradients were finite. */
  saw(finite: boolean): void;
  save(): { readonly data: unknown };
  /** What a checkpoint of a training without a scale has, undefined, leaves it as it begins. */
  restore(saved: { readonly data: unknown }): void;
}

/** Those of torch.amp.GradScaler. */
const first = 65_536;
const growth = 2;
const backoff = 0.5;
const growthInterval = 2000;
/** Gradients that overflow at this scale are lost for another reason than the scale: 32 steps in a row moved nothing since the first. */
export const leastLossScale = 2 ** -16;

interface Kept {
  readonly scale: number;
  /** Finite steps in a row since the scale changed. */
  readonly good: number;
  readonly skipped: number;
}

/** Halves the scale for every step that overflowed, and doubles it after `growthInterval` in a row that did not. */
export function createLossScaler(): LossScaler {
  let now: Kept = { scale: first, good: 0, skipped: 0 };
  return {
    get scale() {
      return now.scale;
    },
    get skipped() {
      return now.skipped;
    },
    saw(finite) {
      const { scale, good, skipped } = now;
      if (!finite) now = { scale: scale * backoff, good: 0, skipped: skipped + 1 };
      else if (good + 1 < growthInterval) now = { scale, good: good + 1, skipped };
      // as torch does, not beyond what float32 holds
      else now = { scale: Number.isFinite(Math.fround(scale * growth)) ? scale * growth : scale, good: 0, skipped };
    },
    save: () => ({ data: now }),
    restore({ data }) {
      if (data !== undefined) now = data as Kept;
    },
  };
}
