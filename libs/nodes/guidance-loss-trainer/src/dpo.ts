// DpoTrainer: the work of the node.
import type { NodeRun } from '@facewright/core';
import { dpoLoss } from '@facewright/train';
import { encodePairs } from './core/data-set.ts';
import { openTrainee, timesOf } from './core/trainee.ts';
import { trainDiffusion } from './core/train-diffusion.ts';
import type { dpoTrainer } from './definition.ts';

export const run: NodeRun<typeof dpoTrainer> = async ({ model, pairs, ...settings }, ctx) => {
  const trainee = await openTrainee(model, ctx);
  const { beta, form, tMin, tMax } = settings;
  const times = timesOf(trainee, tMin, tMax);
  return trainDiffusion(
    trainee,
    {
      title: 'Diffusion-DPO',
      lora: 'dpo',
      data: [await encodePairs(pairs, trainee.diffusion, ctx)],
      draws: [{ name: 'pair', like: 'good', ...times }],
      losses({ predicts, column, draw, trained, frozen }) {
        const { loss, accuracy, clean } = dpoLoss(
          {
            good: column('good'),
            bad: column('bad'),
            draw: draw('pair'),
            frozen: frozen('pairs'),
            trained: trained('pairs'),
            predicts,
          },
          { beta, form },
        );
        return { loss, clean, metrics: { implicit_accuracy: accuracy } };
      },
    },
    settings,
    ctx,
  );
};
