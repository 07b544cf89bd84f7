// In which order an annotator sees sets, and pictures in a set: drawn by lot for each annotator, always the same for one.
import { createHash } from 'node:crypto';
import { createRng } from '@facewright/tensor';

/** 0 to count - 1 in an order that the words decide (Fisher and Yates). */
function shuffled(count: number, ...words: readonly (string | number)[]): number[] {
  const rng = createRng(createHash('sha256').update(words.join(':')).digest().readUInt32LE());
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = rng.integer(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
export const setsInOrder = (seed: number, token: string, sets: number): readonly number[] => shuffled(sets, 'sets', seed, token);
/** Which picture of a set stands at each place, from the left. */
export const placesFor = (seed: number, token: string, set: number, pictures: number): readonly number[] =>
  shuffled(pictures, 'places', seed, token, set);
