// SpinTrainer: the work of the node.
import type { NodeRun } from '@facewright/core';
import { imagesByKey } from '@facewright/pipelines';
import { spinLoss } from '@facewright/train';
import { checkSizes, encodeSet } from './core/data-set.ts';
import { openTrainee, timesOf } from './core/trainee.ts';
import { trainDiffusion } from './core/train-diffusion.ts';
import type { spinTrainer } from './definition.ts';
import { err } from './errors.ts';

/** Throws TRAINER_DUPLICATE and TRAINER_NO_PARTNERS with all keys. */
export const run: NodeRun<typeof spinTrainer> = async ({ model, good, drawn, ...settings }, ctx) => {
  const trainee = await openTrainee(model, ctx);
  const { beta, tMin, tMax } = settings;
  const times = timesOf(trainee, tMin, tMax);
  checkSizes('good', good);
  const real = imagesByKey(good, (keys) => err.DUPLICATE('good', keys));
  const partners = imagesByKey(drawn, (keys) => err.DUPLICATE('drawn', keys));
  const alone = [...real.keys()].filter((key) => !partners.has(key));
  if (alone.length > 0) throw err.NO_PARTNERS(alone);
  const opponents = good.map(({ key }) => partners.get(key)!);
  checkSizes('good, drawn', [...good, ...opponents]);
  const captions = good.map(({ caption }) => caption);
  return trainDiffusion(
    trainee,
    {
      title: 'SPIN',
      lora: 'spin',
      data: [await encodeSet('pairs', { good, drawn: opponents }, captions, trainee.diffusion, ctx)],
      draws: [
        { name: 'good', like: 'good', ...times },
        { name: 'drawn', like: 'drawn', timesOf: 'good' },
      ],
      losses({ predicts, column, draw, trained, frozen }) {
        const { loss, accuracy, clean } = spinLoss(
          {
            good: column('good'),
            bad: column('drawn'),
            draw: draw('good'),
            badNoise: draw('drawn').noise,
            frozen: frozen('pairs'),
            trained: trained('pairs'),
            predicts,
          },
          { beta },
        );
        return { loss, clean, metrics: { implicit_accuracy: accuracy } };
      },
    },
    settings,
    ctx,
  );
};
