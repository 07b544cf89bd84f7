// Pictures as scorers read them, [n, 3, size, size], normalised as CLIP's are.
import { blipPixels } from '@facewright/models';
import { imagesToTensor, type ImageBuffer, type Tensor } from '@facewright/tensor';
import { centreSquare, coverage, resizeAndCropCentre } from '../image/resize.ts';

export type ToPixels = (crops: readonly ImageBuffer[], size: number) => Tensor<'float32'>;

const normalised = (value: number, channel: number): number => (value - blipPixels.mean[channel]!) / blipPixels.deviation[channel]!;

/** As OpenAI's CLIP, ImageReward and FaceScore do it: bytes are resized, so that values are rounded and clamped before they are normalised. */
export const clipPixels: ToPixels = (crops, size) =>
  imagesToTensor(
    crops.map((crop) => resizeAndCropCentre(crop, size)),
    (byte, channel) => normalised(byte / 255, channel),
  );

/** As HPS v2 does it: values in [0, 1] are resized, neither rounded nor clamped, by torchvision's Resize of a tensor (bicubic, antialiased), then cropped and normalised. */
export const hpsPixels: ToPixels = (crops, size) => {
  const plane = size * size;
  const data = new Float32Array(crops.length * 3 * plane);
  crops.forEach((crop, n) => {
    const { width, height, left, top } = centreSquare(crop, size);
    const columns = coverage(crop.width, width, 'bicubic').slice(left, left + size);
    const rows = coverage(crop.height, height, 'bicubic').slice(top, top + size);
    for (let channel = 0; channel < 3; channel++) {
      const wide = narrowed(crop, channel, columns);
      rows.forEach(({ first, weights }, y) => {
        for (let x = 0; x < size; x++) {
          let sum = 0;
          for (let i = 0; i < weights.length; i++) sum += wide[(first + i) * size + x]! * weights[i]!;
          data[(n * 3 + channel) * plane + y * size + x] = normalised(sum, channel);
        }
      });
    }
  });
  return { dtype: 'float32', dims: [crops.length, 3, size, size], data };
};

/** One channel in [0, 1] with every row resized: [height, columns]. */
function narrowed({ data, width, height, channels }: ImageBuffer, channel: number, columns: ReturnType<typeof coverage>): Float32Array {
  const result = new Float32Array(height * columns.length);
  const at = channels === 1 ? 0 : channel;
  for (let y = 0; y < height; y++) {
    columns.forEach(({ first, weights }, x) => {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += data[(y * width + first + i) * channels + at]! * weights[i]!;
      result[y * columns.length + x] = sum / 255;
    });
  }
  return result;
}
