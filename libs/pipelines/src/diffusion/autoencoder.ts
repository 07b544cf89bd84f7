// The autoencoder of a diffusion model opened for use: pictures to latents and back, large ones in tiles.
import type { Model, NodeContext } from '@facewright/core';
import { latentStride, storedWeights, vaeDecodeGraph, vaeEncodeGraph, type AutoencoderConfig } from '@facewright/models';
import type { Tensor } from '@facewright/tensor';
import { isExported, openExportedVae } from '../exported/index.ts';
import { fusedWhere } from '../fused-where.ts';
import { componentWeights } from '../model-files.ts';
import { runRows } from '../run-rows.ts';
import { tiled } from '../tiles/tiled.ts';
import { sessionOf } from './open-session.ts';

type Floats = Tensor<'float32'>;

export interface Autoencoder {
  /** Pictures [n, 3, h, w] in [-1, 1] to mean and log variance of their latents, unscaled; no variance where an exported graph has drawn the sample itself, and for pictures that go in tiles. */
  encode(sample: Floats): Promise<{ readonly mean: Floats; readonly logvar: Floats | null }>;
  /** Unscaled latents to pictures, the inverse. */
  decode(latents: Floats): Promise<Floats>;
}

/** Pixels that go through the autoencoder at once: one picture of 512 x 512, whose widest layer takes 134 MB. */
const pixelsAtOnce = 512 * 512;

/** Side of a tile in pixels. Pictures of more pixels than a tile go in tiles, so that memory does not grow with them; all sizes that Stable Diffusion XL was trained on go whole, as in diffusers. */
const tileSide = 1024;
const fitsWhole = (height: number, width: number): boolean => height * width <= tileSide ** 2;

/** At most `batch` pictures in one run, fewer when they are large. Throws as componentWeights. */
export async function openAutoencoder(
  handle: Model<'diffusion'>,
  config: AutoencoderConfig,
  batch: number,
  ctx: NodeContext,
): Promise<Autoencoder> {
  const stride = latentStride(config);
  const { encode, decode } = isExported(handle, 'vae_decoder')
    ? await openExportedVae(handle, ctx)
    : await openOwn(handle, config, stride, batch, ctx);
  const { signal } = ctx;
  return {
    async encode(sample) {
      const [, , height = 0, width = 0] = sample.dims;
      if (fitsWhole(height, width)) return encode(sample);
      const mean = await tiled(async (tile) => (await encode(tile)).mean, sample, { tile: tileSide, signal });
      return { mean, logvar: null };
    },
    decode(latents) {
      const [, , h = 0, w = 0] = latents.dims;
      return fitsWhole(h * stride, w * stride) ? decode(latents) : tiled(decode, latents, { tile: tileSide / stride, signal });
    },
  };
}

async function openOwn(
  handle: Model<'diffusion'>,
  config: AutoencoderConfig,
  stride: number,
  batch: number,
  ctx: NodeContext,
): Promise<Autoencoder> {
  const weights = storedWeights(await componentWeights(handle, 'vae', ctx));
  const rowsAtOnce = (width: number, height: number) => Math.max(1, Math.min(batch, Math.floor(pixelsAtOnce / (width * height))));
  return {
    async encode(sample) {
      const [, , height = 0, width = 0] = sample.dims;
      const { mean, logvar } = await runRows(
        { sample },
        {
          batch: rowsAtOnce(width, height),
          signal: ctx.signal,
          open: (n) =>
            sessionOf(handle, 'vae', `encode${[n, height, width].join('x')}`, ctx, () =>
              vaeEncodeGraph(config, { batch: n, height, width }, weights, fusedWhere(ctx)),
            ),
        },
      );
      return { mean: mean!, logvar: logvar! };
    },
    async decode(latents) {
      const [, , h = 0, w = 0] = latents.dims;
      const [height, width] = [h * stride, w * stride];
      const { sample } = await runRows(
        { latent_sample: latents },
        {
          batch: rowsAtOnce(width, height),
          signal: ctx.signal,
          open: (n) =>
            sessionOf(handle, 'vae', `decode${[n, height, width].join('x')}`, ctx, () =>
              vaeDecodeGraph(config, { batch: n, height, width }, weights, fusedWhere(ctx)),
            ),
        },
      );
      return sample!;
    },
  };
}
