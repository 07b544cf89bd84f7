// Why a loss was lost, guessed from the gradients before it.

/** As many norms as tell what is usual; what came long before does not count. */
const remembered = 50;
const fewest = 5;
/** Gradients vary from batch to batch by less; runaway ones grow by more in a few steps. */
const runaway = 10;

export interface CauseFinder {
  /** In words, for the step whose loss was lost and the learning rate of it. */
  (step: number, learningRate: number): string;
  /** Told the gradient norm of every good step. */
  saw(norm: number): void;
}

export function createCauseFinder(): CauseFinder {
  const norms: number[] = [];
  const short = (value: number) => String(Number(value.toPrecision(3)));
  const find = (step: number, learningRate: number): string => {
    if (step === 0) return 'the model or the pictures that it begins with, since nothing is trained yet; check both for damage';
    const rate = `the learning rate, ${short(learningRate)} here, is too high; try a third of it`;
    const last = norms.at(-1);
    const usual = norms.slice(0, -1).sort((a, b) => a - b)[Math.floor((norms.length - 1) / 2)];
    return last !== undefined && usual !== undefined && norms.length >= fewest && last > runaway * usual
      ? `the gradients ran away, from a usual norm of ${short(usual)} to ${short(last)}: ${rate}, or clip them at a lower norm`
      : `${rate}. If that does not help, look for a picture in the data that is unlike the others`;
  };
  return Object.assign(find, {
    saw(norm: number) {
      norms.push(norm);
      if (norms.length > remembered) norms.shift();
    },
  });
}
