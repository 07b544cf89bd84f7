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

/** Zeros of the same shape: what Stable Diffusion XL was trained on in place of texts that were left out. */
export const zeroConditioning = ({ text, pooled }: Conditioning): Conditioning => {
  const zeros = (tensor: Floats): Floats => ({ ...tensor, data: new Float32Array(tensor.data.length) });
  return { text: zeros(text), pooled: pooled && zeros(pooled) };
};
