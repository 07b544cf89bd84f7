// FineTune: the work of the node.
import type { Image, NodeRun } from '@facewright/core';
import { dreamBoothLoss } from '@facewright/train';
import { checkSizes, encodeSet } from './core/data-set.ts';
import { openTrainee, timesOf } from './core/trainee.ts';
import { trainDiffusion } from './core/train-diffusion.ts';
import type { fineTune } from './definition.ts';

export const run: NodeRun<typeof fineTune> = async ({ model, images, prior, ...settings }, ctx) => {
  const trainee = await openTrainee(model, ctx);
  const { prompt, priorPrompt, priorWeight, snrGamma } = settings;
  const times = timesOf(trainee, 0, Infinity);
  const encode = (name: string, port: string, pictures: readonly Image[], text: string) => {
    checkSizes(port, pictures);
    const texts = pictures.map(({ caption }) => (text === '' ? caption : text));
    return encodeSet(name, { [name]: pictures }, texts, trainee.diffusion, ctx);
  };
  const instance = await encode('instance', 'images', images, prompt);
  const kept = prior ? await encode('prior', 'prior', prior, priorPrompt) : null;
  return trainDiffusion(
    trainee,
    {
      title: kept ? 'DreamBooth' : 'plain fine-tuning',
      lora: kept ? 'dreambooth' : 'fine-tune',
      data: [instance, ...(kept ? [kept] : [])],
      draws: [{ name: 'instance', like: 'instance', ...times }, ...(kept ? [{ name: 'prior', like: 'prior', ...times }] : [])],
      losses({ predicts, column, draw, trained }) {
        const of = (name: string) => ({ latents: column(name), draw: draw(name), trained: trained(name) });
        const terms = dreamBoothLoss(of('instance'), kept && { ...of('prior'), weight: priorWeight }, {
          predicts,
          ...(snrGamma > 0 && { minSnrGamma: snrGamma }),
        });
        return {
          loss: terms.loss,
          clean: terms.clean,
          metrics: { ...(terms.prior && { instance_loss: terms.instance, prior_loss: terms.prior }) },
        };
      },
    },
    settings,
    ctx,
  );
};
