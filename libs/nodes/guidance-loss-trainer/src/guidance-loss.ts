// GuidanceLossTrainer: the work of the node.
import type { NodeRun, PairSet } from '@facewright/core';
import type { DiffusionModel } from '@facewright/pipelines';
import { float32 } from '@facewright/tensor';
import type { Tensor } from '@facewright/tensor';
import { faceLosses } from '@facewright/train';
import { boxWeights } from './core/box-weights.ts';
import { encodePairs } from './core/data-set.ts';
import { openTrainee, timesOf } from './core/trainee.ts';
import { trainDiffusion } from './core/train-diffusion.ts';
import type { guidanceLossTrainer } from './definition.ts';

export const run: NodeRun<typeof guidanceLossTrainer> = async ({ model, pairs, ...settings }, ctx) => {
  const trainee = await openTrainee(model, ctx);
  const { diffusion } = trainee;
  const { guidanceWeight, diffusionWeight, tMin, tMax, snrWeighting, snrGamma, faceWeight } = settings;
  const times = timesOf(trainee, tMin, tMax);
  const data = await encodePairs(pairs, diffusion, ctx);
  const places = faceWeight === 1 ? null : placesOf(pairs, diffusion, data.columns['good']!, faceWeight);
  return trainDiffusion(
    trainee,
    {
      title: guidanceWeight > 0 ? 'guidance loss' : 'plain fine-tuning',
      lora: 'guidance',
      data: [places ? { ...data, columns: { ...data.columns, places } } : data],
      draws: [
        { name: 'guidance', like: 'good', ...times },
        { name: 'diffusion', like: 'good', ...timesOf(trainee, 0, Infinity) },
      ],
      losses({ predicts, column, draw, trained, frozen }) {
        const {
          loss,
          guidance,
          diffusion: plain,
          clean,
        } = faceLosses(
          {
            good: column('good'),
            bad: column('bad'),
            draw: draw('guidance'),
            diffusionDraw: draw('diffusion'),
            frozen: frozen('pairs'),
            trained: trained('pairs'),
            predicts,
            ...(places && { places: column('places') }),
          },
          {
            guidance: guidanceWeight,
            diffusion: diffusionWeight,
            weighting: snrWeighting === 'min-snr' ? { kind: 'min-snr', gamma: snrGamma } : { kind: snrWeighting },
          },
        );
        return { loss, clean, metrics: { ...(guidance && { guidance_loss: guidance }), ...(plain && { diffusion_loss: plain }) } };
      },
    },
    settings,
    ctx,
  );
};

/** How much each latent counts, [n, 1, h, w]: `weight` inside the boxes of its pair, 1 outside. */
function placesOf({ pairs }: PairSet, { stride }: DiffusionModel, latents: Tensor<'float32'>, weight: number): Tensor<'float32'> {
  const [count = 0, , height = 0, width = 0] = latents.dims;
  const plane = height * width;
  const data = new Float32Array(count * plane);
  pairs.forEach(({ boxes }, row) => data.set(boxWeights(boxes, { height, width, stride }, weight), row * plane));
  return float32([count, 1, height, width], data);
}
