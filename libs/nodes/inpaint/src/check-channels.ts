// Which U-Nets can repaint.
import type { Model } from '@facewright/core';
import type { DiffusionModel } from '@facewright/pipelines';
import { err } from './errors.ts';

/** Those that take latents alone, or latents, mask and masked latents. Throws INPAINT_CHANNELS. */
export function checkChannels(handle: Model<'diffusion'>, { unet: { inChannels }, vae: { latentChannels: plain } }: DiffusionModel): void {
  if (inChannels !== plain && inChannels !== 2 * plain + 1) throw err.CHANNELS(handle.name, [plain, 2 * plain + 1], inChannels);
}
