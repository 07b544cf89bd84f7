// What a sampler remembers of the call before.
import { err } from '../errors.ts';

/** Holds one state. A call that does not follow the one kept is the first of a walk, wherever it begins, and has nothing before it. */
export class WalkMemory<T> {
  #step = Number.NaN;
  #state: T | null = null;
  /** What the call before `step` kept, or null where a walk begins. */
  before(step: number): T | null {
    return step === this.#step + 1 ? this.#state : null;
  }
  /** As {@link before}, for a call that needs it. Throws MODELS_INPUT where a walk begins. */
  needed(step: number): T {
    const state = this.before(step);
    if (state === null) throw err.INPUT(`step ${step} of a walk`, 'the call that begins it, first', 'its second call');
    return state;
  }
  keep(step: number, state: T): void {
    this.#step = step;
    this.#state = state;
  }
}
