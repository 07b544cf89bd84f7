// Stable Diffusion 1.x as one file: finds its three parts and gives them the names of their modules.
import { parseAutoencoderConfig, sd15AutoencoderConfig, type AutoencoderConfig } from '../autoencoder-kl/config.ts';
import { AutoencoderKL } from '../autoencoder-kl/autoencoder-kl.ts';
import { parseClipTextConfig, sd15ClipTextConfig, type ClipTextConfig } from '../clip-text/config.ts';
import { ClipText } from '../clip-text/clip-text.ts';
import { err } from '../errors.ts';
import { checkWeights } from '../nn/compare.ts';
import type { Module } from '../nn/module.ts';
import type { StoredTensor } from '../nn/weight-sources.ts';
import { parseUNetConfig, sd15UNetConfig, type UNetConfig } from '../unet-2d-condition/config.ts';
import { UNet2DCondition } from '../unet-2d-condition/unet-2d-condition.ts';
import { ldmAutoencoderName, ldmTextName, ldmUNetName } from './ldm-names.ts';

export interface Part<C> {
  readonly config: C;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}
export interface SingleFile {
  readonly unet: Part<UNetConfig>;
  readonly vae: Part<AutoencoderConfig>;
  readonly text: Part<ClipTextConfig>;
}

const firstConv = 'model.diffusion_model.input_blocks.0.0.weight';

/** Splits the tensors of a single-file Stable Diffusion 1.x checkpoint, inpainting (9 input channels) or not. Throws MODELS_INPUT for another kind of file, MODELS_WEIGHTS for missing or misshapen parameters, by the names of the file. */
export function splitSingleFile(file: string, tensors: ReadonlyMap<string, StoredTensor>): SingleFile {
  const inChannels = tensors.get(firstConv)?.shape[1];
  const context = tensors.get('model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight')?.shape[1];
  if (inChannels === undefined || context !== 768) {
    throw err.INPUT(
      file,
      'a single-file Stable Diffusion 1.x checkpoint',
      inChannels === undefined
        ? `a file without ${firstConv}`
        : `a U-Net whose text features have width ${context ?? 'unknown'} instead of 768`,
    );
  }
  const unet = parseUNetConfig({ ...sd15UNetConfig, in_channels: inChannels });
  const vae = parseAutoencoderConfig(sd15AutoencoderConfig);
  const text = parseClipTextConfig(sd15ClipTextConfig);
  return {
    unet: { config: unet, tensors: take(file, new UNet2DCondition(unet), tensors, (name) => ldmUNetName(name, unet)) },
    vae: { config: vae, tensors: take(file, new AutoencoderKL(vae), tensors, (name) => ldmAutoencoderName(name, vae)) },
    text: { config: text, tensors: take(file, new ClipText(text), tensors, ldmTextName) },
  };
}

function take(
  file: string,
  module: Module,
  tensors: ReadonlyMap<string, StoredTensor>,
  fileName: (name: string) => string,
): Map<string, StoredTensor> {
  const found = new Map<string, StoredTensor>();
  for (const [name, { shape }] of module.parameters()) {
    const stored = tensors.get(fileName(name));
    if (!stored) continue;
    // the autoencoder's attention is a 1x1 convolution in these files: the same numbers as a matrix
    const flat = shape.length === 2 && stored.shape.length === 4 && stored.shape[2] === 1 && stored.shape[3] === 1;
    found.set(name, flat ? { ...stored, shape: stored.shape.slice(0, 2) } : stored);
  }
  checkWeights(module, found, { file, fileName });
  return found;
}
