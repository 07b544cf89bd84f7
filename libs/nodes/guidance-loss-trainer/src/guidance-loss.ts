// GuidanceLossTrainer: the work of the node.
import type { NodeRun } from '@facewright/core';
import { faceLosses } from '@facewright/train';
import { encodePairs } from './core/data-set.ts';
import { openTrainee, timesOf, timesProblems } from './core/trainee.ts';
import { trainDiffusion } from './core/train-diffusion.ts';
import type { guidanceLossTrainer } from './definition.ts';
import { err } from './errors.ts';
import { dinoDistance, latentDistance } from './guidance-distance.ts';

/** Throws TRAINER_SETTINGS with all settings that do not fit, and what openDino throws. */
export const run: NodeRun<typeof guidanceLossTrainer> = async ({ model, pairs, dino, ...settings }, ctx) => {
  const { guidanceWeight, diffusionWeight, tMin, tMax, snrWeighting, snrGamma, faceWeight, distance, target } = settings;
  const problems = [
    ...timesProblems(tMin, tMax),
    ...(distance === 'dino' && !dino ? ['dino: expected a model from Load DINO, as distance is dino, got none'] : []),
    ...(guidanceWeight === 0 && diffusionWeight === 0 ? ['guidanceWeight, diffusionWeight: expected one above 0, got 0 and 0'] : []),
  ];
  if (problems.length > 0) throw err.SETTINGS(problems);
  const trainee = await openTrainee(model, ctx);
  const { diffusion } = trainee;
  const data = await encodePairs(pairs, diffusion, ctx);
  const measured =
    distance === 'dino' && guidanceWeight > 0
      ? await dinoDistance(dino!, pairs, trainee, settings, ctx)
      : latentDistance(pairs, diffusion, data.columns['good']!, faceWeight);
  return trainDiffusion(
    trainee,
    {
      title: guidanceWeight === 0 ? 'plain fine-tuning' : distance === 'dino' ? 'guidance loss by DINO' : 'guidance loss',
      lora: 'guidance',
      data: [{ ...data, columns: { ...data.columns, ...measured.columns } }],
      draws: [
        { name: 'guidance', like: 'good', ...timesOf(trainee, tMin, tMax) },
        { name: 'diffusion', like: 'good', ...timesOf(trainee, 0, Infinity) },
      ],
      losses(parts) {
        const { predicts, column, draw, trained, frozen } = parts;
        const inputs = {
          good: column('good'),
          bad: column('bad'),
          draw: draw('guidance'),
          diffusionDraw: draw('diffusion'),
          frozen: frozen('pairs'),
          trained: trained('pairs'),
          predicts,
          target,
          distance: measured.of(parts),
        };
        const {
          loss,
          guidance,
          diffusion: plain,
          clean,
        } = faceLosses(inputs, {
          guidance: guidanceWeight,
          diffusion: diffusionWeight,
          weighting: snrWeighting === 'min-snr' ? { kind: 'min-snr', gamma: snrGamma } : { kind: snrWeighting },
        });
        return { loss, clean, metrics: { ...(guidance && { guidance_loss: guidance }), ...(plain && { diffusion_loss: plain }) } };
      },
    },
    settings,
    ctx,
  );
};
