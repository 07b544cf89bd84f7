// What a U-Net is told of the texts, as rows that belong together.
import { gatherRows } from '../run-rows.ts';
import type { Tensor } from '@facewright/tensor';

type Floats = Tensor<'float32'>;

export interface Conditioning {
  /** Features of every token, [n, tokens, width]; all texts of one encoding have equally many tokens. */
  readonly text: Floats;
  /** One vector for each text, [n, width], where the U-Net takes it (SDXL). */
  readonly pooled: Floats | null;
}

/** Rows by index, in the order of the indices, with repeats. */
export const conditioningRows = ({ text, pooled }: Conditioning, indices: readonly number[]): Conditioning => ({
  text: gatherRows(text, indices),
  pooled: pooled && gatherRows(pooled, indices),
});
