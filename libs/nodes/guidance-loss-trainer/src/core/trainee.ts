// The model to train, opened.
import type { Model, NodeContext } from '@facewright/core';
import { checkOwnWeights, openDiffusion, type DiffusionModel } from '@facewright/pipelines';
import { err } from '../errors.ts';

/** Rows of the frozen networks at once while encoding. */
const encodeBatch = 32;

export interface Trainee {
  readonly handle: Model<'diffusion'>;
  readonly diffusion: DiffusionModel;
}

/** Throws PIPELINES_EXPORTED, TRAINER_CHANNELS and as openDiffusion. */
export async function openTrainee(handle: Model<'diffusion'>, ctx: NodeContext): Promise<Trainee> {
  checkOwnWeights(handle, 'training');
  const diffusion = await openDiffusion(handle, ctx, { batch: encodeBatch });
  const { unet, vae } = diffusion;
  if (unet.inChannels !== vae.latentChannels) throw err.CHANNELS(vae.latentChannels, unet.inChannels);
  return { handle, diffusion };
}

/** What is wrong with a range of timesteps. */
export const timesProblems = (tMin: number, tMax: number): readonly string[] =>
  tMin < tMax ? [] : [`tMin, tMax: expected tMin below tMax, got ${tMin} and ${tMax}`];

/** The range [from, to) of timesteps that the model knows. Throws TRAINER_SETTINGS. */
export function timesOf({ diffusion }: Trainee, tMin: number, tMax: number): { readonly from: number; readonly to: number } {
  const problems = timesProblems(tMin, tMax);
  if (problems.length > 0) throw err.SETTINGS(problems);
  // The range of the ports is that of 1,000 steps; a schedule of fewer has no others.
  const count = diffusion.schedule.alphasCumprod.length;
  return { from: Math.min(tMin, count - 1), to: Math.min(tMax, count) };
}
