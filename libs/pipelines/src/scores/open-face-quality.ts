// A face quality network in an ONNX file, opened for use: ModelScope's FQA, eDifFIQA, or any other that reads faces aligned as ArcFace's.
import type { Model, NodeContext } from '@facewright/core';
import { imagesToTensor, type ImageBuffer } from '@facewright/tensor';
import { err } from '../errors.ts';
import { openNetworkFile } from '../network-file.ts';
import { runRows } from '../run-rows.ts';
import { alignedSide } from './align-face.ts';

export interface FaceQuality {
  /** One number for each aligned face, higher is better. */
  score(faces: readonly ImageBuffer[]): Promise<number[]>;
}

/** Faces in one run. */
const batch = 16;

/**
 * Opens a handle of family 'face-quality': one input [n, 3, 112, 112], RGB in [-1, 1]. The first output counts; where it has several numbers for a face, their mean.
 * Throws PIPELINES_NETWORK for another network.
 */
export async function openFaceQuality(handle: Model<'face-quality'>, ctx: NodeContext): Promise<FaceQuality> {
  const { session, inputs, outputs } = await openNetworkFile(handle, 'face_quality', ctx);
  const [input, output] = [inputs[0], outputs[0]];
  const fits = (size: number | string | null | undefined, want: number) => size === want || typeof size !== 'number' || size < 0;
  const [rows, channels, height, width] = input?.shape ?? [];
  if (
    inputs.length !== 1 ||
    !output ||
    input?.shape.length !== 4 ||
    !fits(channels, 3) ||
    !fits(height, alignedSide) ||
    !fits(width, alignedSide)
  ) {
    const shapes = (infos: typeof inputs) => infos.map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join(', ');
    throw err.NETWORK(
      handle.name,
      `one input [n, 3, ${alignedSide}, ${alignedSide}] and an output`,
      `${shapes(inputs)} to ${shapes(outputs)}`,
    );
  }
  const exact = typeof rows === 'number' && rows > 0;
  return {
    async score(faces) {
      if (faces.length === 0) return [];
      const { [output.name]: found } = await runRows(
        { [input.name]: imagesToTensor(faces, (byte) => (byte / 255 - 0.5) / 0.5) },
        { batch: exact ? rows : batch, exact, signal: ctx.signal, open: async () => session },
      );
      const numbers = found!.data.length / faces.length;
      return faces.map((_, i) => found!.data.subarray(i * numbers, (i + 1) * numbers).reduce((a, b) => a + b, 0) / numbers);
    },
  };
}
