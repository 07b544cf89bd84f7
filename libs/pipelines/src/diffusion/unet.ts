// The U-Net of a diffusion model opened for use: one prediction for every row.
import type { Model, NodeContext } from '@facewright/core';
import { storedWeights, unetGraph, type UNetConfig } from '@facewright/models';
import type { Tensor } from '@facewright/tensor';
import { isExported, openExportedUNet } from '../exported/index.ts';
import { fusedWhere } from '../fused-where.ts';
import { componentWeights } from '../model-files.ts';
import { gatherRows, range, runRows, stackRows } from '../run-rows.ts';
import type { Conditioning } from './conditioning.ts';
import { loraAdditions } from './lora-additions.ts';
import { sessionOf } from './open-session.ts';

type Floats = Tensor<'float32'>;

export interface UNetFeeds {
  /** [n, in channels, h, w] */
  readonly sample: Floats;
  /** [n] */
  readonly timestep: Floats;
  readonly conditioning: Conditioning;
  /** Sizes in pixels that an SDXL U-Net is told, [n, 6]: original height and width, crop from the top and left, target height and width. */
  readonly timeIds: Floats;
}

/** Gives [n, out channels, h, w], at most `batch` rows in one run. Throws as componentWeights and lorasOver. */
export async function openUNet(
  handle: Model<'diffusion'>,
  config: UNetConfig,
  batch: number,
  ctx: NodeContext,
): Promise<(feeds: UNetFeeds) => Promise<Floats>> {
  const takesSizes = config.addition !== null;
  if (isExported(handle, 'unet')) {
    const { predict } = await openExportedUNet(handle, ctx);
    return async ({ sample, timestep, conditioning: { text, pooled }, timeIds }) => {
      const [rows = 0] = sample.dims;
      const parts: Floats[] = [];
      for (let from = 0; from < rows; from += batch) {
        ctx.signal.throwIfAborted();
        const part = (tensor: Floats) => gatherRows(tensor, range(from, Math.min(rows, from + batch)));
        parts.push(
          await predict({
            sample: part(sample),
            timestep: part(timestep),
            encoder_hidden_states: part(text),
            ...(takesSizes && pooled && { text_embeds: part(pooled), time_ids: part(timeIds) }),
          }),
        );
      }
      return stackRows(parts);
    };
  }
  const weights = await loraAdditions(handle, 'unet', storedWeights(await componentWeights(handle, 'unet', ctx)), ctx);
  return async ({ sample, timestep, conditioning: { text, pooled }, timeIds }) => {
    const [, , height = 0, width = 0] = sample.dims;
    const tokens = text.dims[1]!;
    const { prediction } = await runRows(
      { sample, timestep, encoder_hidden_states: text, ...(takesSizes && pooled && { text_embeds: pooled, time_ids: timeIds }) },
      {
        batch,
        signal: ctx.signal,
        open: (n) =>
          sessionOf(handle, 'unet', [n, height, width, tokens].join('x'), ctx, () =>
            unetGraph(config, { batch: n, height, width, tokens }, weights, fusedWhere(ctx)),
          ),
      },
    );
    return prediction!;
  };
}
