// A picture drawn with weights in training: the same prompt and noise each time, so that previews can be compared.
import type { NodeContext } from '@facewright/core';
import { guide, unetGraph } from '@facewright/models';
import { buildModel } from '@facewright/onnx';
import { componentKey, drawGroup, type Conditioning, type DiffusionModel } from '@facewright/pipelines';
import { createRng, float32, type ImageBuffer, type Tensor, type Tensors } from '@facewright/tensor';
import type { TrainingSettings } from '../ports.ts';
import type { TrainedWeights } from './trained-weights.ts';
import type { Trainee } from './trainee.ts';

type Floats = Tensor<'float32'>;

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

/** `latents` is [c, h, w]. The weights are inputs of the graph, so that one session draws all previews. */
export async function openPreview(
  { handle, diffusion }: Trainee,
  weights: TrainedWeights,
  latents: readonly number[],
  { previewPrompt, seed, mode, rank, alpha, targets }: TrainingSettings,
  ctx: NodeContext,
): Promise<(parameters: ReadonlyMap<string, Tensor>) => Promise<ImageBuffer | undefined>> {
  const [, height = 0, width = 0] = latents;
  const tokens = (await diffusion.encodePrompts([sampling.negativePrompt, previewPrompt])).text.dims[1]!;
  const key = `preview:${componentKey(handle, 'unet')}:${JSON.stringify([mode, rank, alpha, targets, height, width, tokens])}`;
  const session = () =>
    ctx.session(key, () => buildModel(unetGraph(diffusion.unet, { batch: 1, height, width, tokens }, weights.trained), { inline: true }));
  const [h, w] = [height * diffusion.stride, width * diffusion.stride];
  return async (parameters) => {
    const opened = await session();
    const predictOne = async (sample: Floats, timestep: number, { text, pooled }: Conditioning): Promise<Floats> => {
      const sizes: Tensors =
        pooled && diffusion.unet.addition ? { text_embeds: pooled, time_ids: float32([1, 6], [h, w, 0, 0, h, w]) } : {};
      const feeds = {
        ...Object.fromEntries(parameters),
        sample,
        timestep: float32([1], [timestep]),
        encoder_hidden_states: text,
        ...sizes,
      };
      return (await opened.run(feeds))['prediction'] as Floats;
    };
    const model: DiffusionModel = {
      ...diffusion,
      async predict({ latents: sample, timestep, conditioning, unconditional, guidance = 1 }) {
        const time = typeof timestep === 'number' ? timestep : timestep[0]!;
        const led = await predictOne(sample, time, conditioning);
        if (!unconditional || guidance === 1) return led;
        const without = await predictOne(sample, time, unconditional);
        return { ...led, data: guide(without.data, led.data, guidance) };
      },
    };
    const rows = [{ text: previewPrompt, rng: createRng(seed) }];
    const onStep = () => Promise.resolve(ctx.signal.throwIfAborted());
    return (await drawGroup({ model, settings: sampling, rows, size: [height, width], onStep }))[0];
  };
}
