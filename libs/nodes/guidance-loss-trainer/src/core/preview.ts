// A picture drawn with weights in training: the same prompt and noise each time, so that previews can be compared.
import type { NodeContext } from '@facewright/core';
import { guide } from '@facewright/models';
import { drawGroup, type DiffusionModel } from '@facewright/pipelines';
import { createRng, type ImageBuffer, type Tensor } from '@facewright/tensor';
import type { TrainingSettings } from '../ports.ts';
import { currentModel } from './current-model.ts';
import type { TrainedWeights } from './trained-weights.ts';
import type { Trainee } from './trainee.ts';

/** How previews are drawn: fast rather than finely. */
const sampling = {
  steps: 20,
  guidance: 5,
  guidanceRescale: 0,
  negativePrompt: '',
  scheduler: 'ddim',
  sigmas: 'default',
  clipSkip: 1,
} as const;

/** `latents` is [c, h, w]. */
export async function openPreview(
  trainee: Trainee,
  weights: TrainedWeights,
  latents: readonly number[],
  settings: TrainingSettings,
  ctx: NodeContext,
): Promise<(parameters: ReadonlyMap<string, Tensor>) => Promise<ImageBuffer | undefined>> {
  const { diffusion } = trainee;
  const { previewPrompt, seed } = settings;
  const [, height = 0, width = 0] = latents;
  const tokens = (await diffusion.encodePrompts([sampling.negativePrompt, previewPrompt])).text.dims[1]!;
  const predict = currentModel(trainee, weights, { batch: 1, latents, tokens }, settings, ctx);
  return async (parameters) => {
    const model: DiffusionModel = {
      ...diffusion,
      async predict({ latents: sample, timestep, conditioning, unconditional, guidance = 1 }) {
        const time = typeof timestep === 'number' ? timestep : timestep[0]!;
        const led = await predict(parameters, { latents: sample, timestep: time, conditioning });
        if (!unconditional || guidance === 1) return led;
        const without = await predict(parameters, { latents: sample, timestep: time, conditioning: unconditional });
        return { ...led, data: guide(without.data, led.data, guidance) };
      },
    };
    const rows = [{ text: previewPrompt, rng: createRng(seed) }];
    const onStep = () => Promise.resolve(ctx.signal.throwIfAborted());
    return (await drawGroup({ model, settings: sampling, rows, size: [height, width], onStep }))[0];
  };
}
