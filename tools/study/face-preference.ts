// A preference for sound faces read out of features that were learned without labels: what HPS is to CLIP, on the embedded DINO.
import type { Model, NodeContext } from '@facewright/core';
import { dinoGraph, dinoPixels } from '@facewright/models';
import { buildModel } from '@facewright/onnx';
import { openDino, runRows } from '@facewright/pipelines';
import { imagesToTensor, type ImageBuffer } from '@facewright/tensor';
import { fitRidge } from '../ridge.ts';

const BATCH = 32;

/** Features of whole pictures of the size that the network reads. */
export async function openDinoFeatures(
  handle: Model<'dino'>,
  context: NodeContext,
): Promise<(pictures: readonly ImageBuffer[]) => Promise<Float32Array[]>> {
  const { config, weights } = await openDino(handle, context);
  return async (pictures) => {
    const pixels = imagesToTensor(pictures, (byte, channel) => (byte / 255 - dinoPixels.mean[channel]!) / dinoPixels.deviation[channel]!);
    const { features } = await runRows(
      { pixel_values: pixels },
      {
        batch: BATCH,
        signal: context.signal,
        open: (batch) =>
          context.session(`study dino ${batch}`, () => buildModel({ ...dinoGraph(config, { batch }, weights, { fused: true }) })),
      },
    );
    const { width } = config;
    return pictures.map((_, i) => (features!.data as Float32Array).slice(i * width, (i + 1) * width));
  };
}

export interface JudgedPicture {
  readonly pixels: ImageBuffer;
  readonly deformed: boolean;
}

/** Learns from drawn faces, some of them deformed, which is which; gives how sound a picture's face looks, about 1 for sound ones and 0 for deformed ones. */
export async function fitPreference(
  features: (pictures: readonly ImageBuffer[]) => Promise<Float32Array[]>,
  judged: readonly JudgedPicture[],
): Promise<(pictures: readonly ImageBuffer[]) => Promise<number[]>> {
  const reader = fitRidge(
    await features(judged.map(({ pixels }) => pixels)),
    judged.map(({ deformed }) => [deformed ? 0 : 1]),
    { strength: 0.01 },
  );
  return async (pictures) => (await features(pictures)).map((row) => reader.predict(row)[0]!);
}
