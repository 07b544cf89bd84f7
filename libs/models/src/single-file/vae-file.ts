// Autoencoders in files: under the names of Stable Diffusion or of diffusers, old and new.
import { AutoencoderKL } from '../autoencoder-kl/autoencoder-kl.ts';
import { parseAutoencoderConfig, sd15AutoencoderConfig } from '../autoencoder-kl/config.ts';
import type { Json } from '../config.ts';
import { err } from '../errors.ts';
import { differenceCount, differenceLines } from '../nn/compare.ts';
import type { StoredTensor } from '../nn/weight-sources.ts';
import { ldmAutoencoderName } from './ldm-names.ts';
import { findPart, type FoundPart, type Part } from './part.ts';

type Tensors = ReadonlyMap<string, StoredTensor>;

const prefixes = ['first_stage_model.', 'vae.', ''] as const;

/** Attention of the autoencoder as diffusers named it before 0.15, and as it does since. */
const oldAttention: Readonly<Record<string, string>> = { query: 'to_q', key: 'to_k', value: 'to_v', proj_attn: 'to_out.0' };

/** Weights of an autoencoder in the diffusers layout, by the names of the module: files of before diffusers 0.15 name their attention otherwise. */
export const modernAutoencoderNames = (tensors: Tensors): Tensors =>
  new Map(
    [...tensors].map(([name, tensor]) => [
      name.replace(
        /(\.attentions\.\d+\.)(query|key|value|proj_attn)\./,
        (_, before: string, old: string) => `${before}${oldAttention[old]}.`,
      ),
      tensor,
    ]),
  );

/** The autoencoder among the tensors of a file, or null where there is none. */
export function findAutoencoder(tensors: Tensors, json: Json, prefix: string): FoundPart | null {
  const config = parseAutoencoderConfig(json);
  const ofDiffusers = [...tensors.keys()].some((name) => name.startsWith(`${prefix}decoder.mid_block.`));
  return findPart(ofDiffusers ? modernAutoencoderNames(tensors) : tensors, {
    module: new AutoencoderKL(config),
    place: (name) => ({ name: prefix + (ofDiffusers ? name : ldmAutoencoderName(name, config)) }),
    owns: (name) => name.startsWith(prefix),
    harmless: (name) => /^(loss|model_ema)\.|^logvar$/.test(name.slice(prefix.length)),
  });
}

/** The prefix of the autoencoder in a single file. */
export const autoencoderPrefix = (tensors: Tensors): string =>
  prefixes.find((prefix) => [...tensors.keys()].some((name) => name.startsWith(`${prefix}decoder.`))) ?? prefixes[0];

/**
 * A file that holds an autoencoder of Stable Diffusion alone. Its scaling factor is the default: files do not tell, it belongs to the model that it joins.
 * Throws MODELS_INPUT for a file without one, MODELS_WEIGHTS for missing, misshapen or unexpected parameters, by the names of the file.
 */
export function splitVaeFile(file: string, tensors: Tensors): Part {
  const found = findAutoencoder(tensors, sd15AutoencoderConfig, autoencoderPrefix(tensors));
  if (!found || found.tensors.size === 0)
    throw err.INPUT(
      file,
      'the autoencoder (VAE) of a Stable Diffusion model',
      `${tensors.size} tensors of another kind, first ${tensors.keys().next().value ?? 'none'}`,
    );
  const count = differenceCount(found.differences);
  if (count > 0)
    throw err.WEIGHTS(`${file}, taken for the autoencoder (VAE) of a Stable Diffusion model`, differenceLines(found.differences), count);
  return { config: sd15AutoencoderConfig, tensors: found.tensors };
}
