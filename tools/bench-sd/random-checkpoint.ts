// A single-file Stable Diffusion 1.5 checkpoint of random float32 weights: it is opened and computed as a real one, and nobody has to download it.
import { open } from 'node:fs/promises';
import {
  AutoencoderKL,
  ClipText,
  ldmAutoencoderName,
  ldmUNetName,
  parseAutoencoderConfig,
  parseClipTextConfig,
  parseUNetConfig,
  sd15AutoencoderConfig,
  sd15ClipTextConfig,
  sd15UNetConfig,
  UNet2DCondition,
  type Json,
  type Module,
} from '@facewright/models';
import { sizeOf, type Shape } from '@facewright/tensor';

/** The configuration of the U-Net: that of inpainting sees the mask and the masked latents too. */
export const unetConfig = (inpainting: boolean): Json => (inpainting ? { ...sd15UNetConfig, in_channels: 9 } : sd15UNetConfig);

/** Names and shapes of all weights of such a file. */
export function checkpointShapes(inpainting: boolean): Map<string, Shape> {
  const unet = parseUNetConfig(unetConfig(inpainting));
  const vae = parseAutoencoderConfig(sd15AutoencoderConfig);
  const named = (module: Module, nameOf: (name: string) => string) =>
    [...module.parameters()].map(([name, { shape }]) => [nameOf(name), asStored(nameOf(name), shape)] as const);
  return new Map([
    ...named(new UNet2DCondition(unet), (name) => ldmUNetName(name, unet)),
    ...named(new AutoencoderKL(vae), (name) => `first_stage_model.${ldmAutoencoderName(name, vae)}`),
    ...named(new ClipText(parseClipTextConfig(sd15ClipTextConfig)), (name) => `cond_stage_model.transformer.${name}`),
  ]);
}

/** Attention of the autoencoder is made of 1x1 convolutions in these files. */
const asStored = (name: string, shape: Shape): Shape => (/\.attn_1\.(q|k|v|proj_out)\.weight$/.test(name) ? [...shape, 1, 1] : shape);

/** Uniform in [-1, 1), by xorshift32 (Marsaglia 2003): a billion numbers in seconds. */
function uniform(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}

/** Scales of norms about 1, other vectors small, matrices of a variance that keeps that of their inputs: so activations neither vanish nor overflow. */
function randomValues(name: string, shape: Shape, next: () => number): Float32Array<ArrayBuffer> {
  const isMatrix = shape.length > 1;
  const spread = isMatrix ? 1.7 / Math.sqrt(sizeOf(shape.slice(1))) : 0.02;
  const middle = !isMatrix && name.endsWith('.weight') ? 1 : 0;
  return new Float32Array(sizeOf(shape)).map(() => middle + spread * next());
}

/** Writes a safetensors file of random float32 tensors, one at a time: all together are larger than most memories. */
export async function writeRandomWeights(file: string, shapes: ReadonlyMap<string, Shape>, seed: number): Promise<void> {
  const entries: Record<string, unknown> = {};
  let end = 0;
  for (const [name, shape] of shapes) entries[name] = { dtype: 'F32', shape, data_offsets: [end, (end += 4 * sizeOf(shape))] };
  const json = JSON.stringify(entries);
  const header = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const next = uniform(seed);
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(Buffer.concat([length, header]));
    for (const [name, shape] of shapes) await handle.writeFile(new Uint8Array(randomValues(name, shape, next).buffer));
  } finally {
    await handle.close();
  }
}
