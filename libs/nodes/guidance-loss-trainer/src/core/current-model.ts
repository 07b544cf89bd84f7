// The model with weights in training: they are inputs of one session, which stays open while they change.
import type { NodeContext } from '@facewright/core';
import { unetGraph } from '@facewright/models';
import { buildModel } from '@facewright/onnx';
import { componentKey, type Conditioning } from '@facewright/pipelines';
import { float32, type Tensor, type Tensors } from '@facewright/tensor';
import type { TrainingSettings } from '../ports.ts';
import type { TrainedWeights } from './trained-weights.ts';
import type { Trainee } from './trainee.ts';

type Floats = Tensor<'float32'>;

/** What the U-Net predicts of [batch, c, h, w] at one time. */
export type CurrentModel = (
  parameters: ReadonlyMap<string, Tensor>,
  request: { readonly latents: Floats; readonly timestep: number; readonly conditioning: Conditioning },
) => Promise<Floats>;

/** `latents` is [c, h, w]. */
export function currentModel(
  { handle, diffusion }: Trainee,
  weights: TrainedWeights,
  { batch, latents, tokens }: { readonly batch: number; readonly latents: readonly number[]; readonly tokens: number },
  { mode, rank, alpha, targets }: TrainingSettings,
  ctx: NodeContext,
): CurrentModel {
  const [, height = 0, width = 0] = latents;
  const key = `current:${componentKey(handle, 'unet')}:${JSON.stringify([mode, rank, alpha, targets, batch, height, width, tokens])}`;
  const build = () => buildModel(unetGraph(diffusion.unet, { batch, height, width, tokens }, weights.trained), { inline: true });
  const row = [height * diffusion.stride, width * diffusion.stride, 0, 0, height * diffusion.stride, width * diffusion.stride];
  return async (parameters, { latents: sample, timestep, conditioning: { text, pooled } }) => {
    const opened = await ctx.session(key, build);
    const times: Tensors =
      pooled && diffusion.unet.addition
        ? {
            text_embeds: pooled,
            time_ids: float32(
              [batch, 6],
              Float32Array.from({ length: 6 * batch }, (_, i) => row[i % 6]!),
            ),
          }
        : {};
    const { prediction } = await opened.run({
      ...Object.fromEntries(parameters),
      sample,
      timestep: float32([batch], new Float32Array(batch).fill(timestep)),
      encoder_hidden_states: text,
      ...times,
    });
    return prediction as Floats;
  };
}
