// A feature network in an ONNX file, opened for use: what Fréchet distance and diversity are measured on.
import type { Model, NodeContext } from '@facewright/core';
import { imagesToTensor, type ImageBuffer } from '@facewright/tensor';
import { err } from './errors.ts';
import { resizeImage } from './image/resize.ts';
import { openNetworkFile } from './network-file.ts';
import { runRows } from './run-rows.ts';

export interface FeatureNetwork {
  /** Numbers per picture. */
  readonly length: number;
  /** One vector for each picture; pictures of another size are resized, antialiased. */
  features(images: readonly ImageBuffer[]): Promise<Float32Array[]>;
}

/** Pictures in one run. */
const batch = 32;

/** Opens a handle of family 'features': one input [n, 3, height, width] in [-1, 1], one output [n, length]. Throws PIPELINES_NETWORK for another network. */
export async function openFeatures(handle: Model<'features'>, ctx: NodeContext): Promise<FeatureNetwork> {
  const { session, inputs, outputs } = await openNetworkFile(handle, 'features', ctx);
  const [input, output] = [inputs[0], outputs[0]];
  const [rows, , height, width] = input?.shape ?? [];
  const length = output?.shape[1];
  if (
    inputs.length !== 1 ||
    outputs.length !== 1 ||
    input?.shape.length !== 4 ||
    typeof height !== 'number' ||
    typeof width !== 'number' ||
    typeof length !== 'number'
  ) {
    const shapes = (infos: typeof inputs) => infos.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ');
    throw err.NETWORK(handle.name, 'one input [n, 3, height, width] and one output [n, length]', `${shapes(inputs)} to ${shapes(outputs)}`);
  }
  return {
    length,
    async features(images) {
      const sized = images.map((image) => resizeImage(image, width, height, 'bicubic'));
      const { [output!.name]: found } = await runRows(
        { [input.name]: imagesToTensor(sized, (byte) => byte / 127.5 - 1) },
        { batch: typeof rows === 'number' ? rows : batch, exact: typeof rows === 'number', signal: ctx.signal, open: async () => session },
      );
      return images.map((_, i) => found!.data.slice(i * length, (i + 1) * length));
    },
  };
}
