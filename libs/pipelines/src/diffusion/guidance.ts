// Classifier-free guidance over whole batches.
import { guide } from '@facewright/models';
import { sizeOf, type Tensor } from '@facewright/tensor';

type Floats = Tensor<'float32'>;

const deviation = (values: Float32Array): number => {
  let [sum, squares] = [0, 0];
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  // as torch.std: the unbiased estimate
  return Math.sqrt(Math.max(0, squares - (sum * sum) / values.length) / (values.length - 1));
};

/**
 * `both` holds predictions [2n, …], those without the text first. Gives [n, …], led by the text with `scale`. With `rescale` above 0 every row is mixed by that share with
 * itself at the deviation of the prediction with the text, which keeps strong guidance from overexposing (Lin et al. 2024, section 3.4).
 */
export function guided(both: Floats, scale: number, rescale: number): Floats {
  const rows = both.dims[0]! / 2;
  const half = both.data.length / 2;
  const [without, text] = [both.data.subarray(0, half), both.data.subarray(half)];
  const data = guide(without, text, scale);
  if (rescale > 0) {
    const size = sizeOf(both.dims.slice(1));
    for (let row = 0; row < rows; row++) {
      const led = data.subarray(row * size, (row + 1) * size);
      const factor = 1 - rescale + rescale * (deviation(text.subarray(row * size, (row + 1) * size)) / deviation(led));
      for (let i = 0; i < size; i++) led[i]! *= factor;
    }
  }
  return { dtype: 'float32', dims: [rows, ...both.dims.slice(1)], data };
}
