// Pictures to latents and back with a trained autoencoder.
import { inMemory, parseAutoencoderConfig, storedWeights, vaeDecodeGraph, vaeEncodeGraph } from '@facewright/models';
import { buildModel } from '@facewright/onnx';
import type { Runtime } from '@facewright/runtime';
import { tensorToImages, type ImageBuffer, type Tensor } from '@facewright/tensor';
import { autoencoderConfig } from './configs.ts';
import { pixelsToTensor, SIDE } from './face-set.ts';

const BATCH = 32;
export const LATENT_SIDE = SIDE / 4;
const config = parseAutoencoderConfig(autoencoderConfig);
export const LATENT_CHANNELS = config.latentChannels;
export const LATENT_SIZE = LATENT_CHANNELS * LATENT_SIDE * LATENT_SIDE;

export type Weights = ReadonlyMap<string, Tensor<'float32'>>;

/** Means of the latents of `count` pictures, unscaled, one after the other. */
export async function encodePictures(runtime: Runtime, vae: Weights, pixels: Uint8Array, count: number): Promise<Float32Array> {
  const { mean } = vaeEncodeGraph(config, { batch: BATCH, height: SIDE, width: SIDE }, storedWeights(inMemory(vae)), { fused: true });
  const session = await runtime.open(buildModel({ mean }));
  const latents = new Float32Array(count * LATENT_SIZE);
  try {
    for (let first = 0; first < count; first += BATCH) {
      // The last batch is filled up with the last picture.
      const indices = Array.from({ length: BATCH }, (_, i) => Math.min(count - 1, first + i));
      const { mean: out } = await session.run({ sample: pixelsToTensor(pixels, indices) });
      const fits = Math.min(BATCH, count - first) * LATENT_SIZE;
      latents.set((out!.data as Float32Array).subarray(0, fits), first * LATENT_SIZE);
    }
  } finally {
    await session.release();
  }
  return latents;
}

/** Unscaled latents, one after the other, to pictures. */
export async function decodeLatents(runtime: Runtime, vae: Weights, latents: Float32Array): Promise<ImageBuffer[]> {
  const count = latents.length / LATENT_SIZE;
  const { sample } = vaeDecodeGraph(config, { batch: BATCH, height: SIDE, width: SIDE }, storedWeights(inMemory(vae)), { fused: true });
  const session = await runtime.open(buildModel({ sample }));
  const images: ImageBuffer[] = [];
  try {
    for (let first = 0; first < count; first += BATCH) {
      const data = new Float32Array(BATCH * LATENT_SIZE);
      data.set(latents.subarray(first * LATENT_SIZE, Math.min(count, first + BATCH) * LATENT_SIZE));
      const { sample: out } = await session.run({
        latent_sample: { dtype: 'float32', dims: [BATCH, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE], data },
      });
      images.push(...tensorToImages({ dims: out!.dims, data: out!.data as Float32Array }, -1, 1).slice(0, count - first));
    }
  } finally {
    await session.release();
  }
  return images;
}

/** What brings latents to unit variance: the config's scaling_factor. */
export function scalingFactor(latents: Float32Array): number {
  let [sum, squares] = [0, 0];
  for (const value of latents) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / latents.length;
  return 1 / Math.sqrt(squares / latents.length - mean * mean);
}
