// ReflTrainer: the work of the node.
import type { NodeRun } from '@facewright/core';
import { createSampler, pictureReward, storedWeights } from '@facewright/models';
import { constant, op } from '@facewright/onnx';
import { centreBox, componentWeights, openFaceScore } from '@facewright/pipelines';
import { float32, sizeOf, type Tensor } from '@facewright/tensor';
import { denoiseOnce, denoisingTerms, rewardLoss } from '@facewright/train';
import { checkSizes, encodeSet, type DataSet } from './core/data-set.ts';
import { openDecoder } from './core/decoder.ts';
import type { MadeInputs } from './core/step-graph.ts';
import { openTrainee, timesOf, type Trainee } from './core/trainee.ts';
import { trainDiffusion } from './core/train-diffusion.ts';
import type { reflTrainer } from './definition.ts';
import { err } from './errors.ts';

type Settings = Parameters<NodeRun<typeof reflTrainer>>[0];

/** Throws TRAINER_SETTINGS with all settings that do not fit, TRAINER_SIZES, MODELS_INPUT for more steps than the schedule has, and what openFaceScore throws. */
export const run: NodeRun<typeof reflTrainer> = async ({ model, reward: judge, prompts: { prompts }, images, ...settings }, ctx) => {
  const { diffusionWeight, rewardPrompt, margin, rewardScale: scale, rewardMean: mean, rewardDeviation: deviation } = settings;
  const trainee = await openTrainee(model, ctx);
  const { diffusion } = trainee;
  const [height, width] = [settings.height || diffusion.size, settings.width || diffusion.size];
  const problems = problemsOf(
    { ...settings, height, width },
    { prompts: prompts.length, images: images?.length ?? 0, stride: diffusion.stride },
  );
  if (problems.length > 0) throw err.SETTINGS(problems);
  const latents = [diffusion.vae.latentChannels, height / diffusion.stride, width / diffusion.stride];

  const scorer = await openFaceScore(judge, ctx);
  const texts = prompts.map(({ text }) => text);
  const { ids, mask } = scorer.tokenizer.encode(texts.map((text) => (rewardPrompt === '' ? text : rewardPrompt)));
  const drawn: DataSet = {
    name: 'prompts',
    count: texts.length,
    latents,
    // the graph makes whole numbers of them again; the largest vocabularies are far below the 2^24 that float32 counts exactly
    columns: { reward_ids: float32(ids.dims, Float32Array.from(ids.data, Number)), reward_mask: mask },
    conditioning: await diffusion.encodePrompts(texts),
  };
  const kept = diffusionWeight > 0 ? images! : null;
  if (kept) checkSizes('images', kept);
  const pictures =
    kept &&
    (await encodeSet(
      'images',
      { image: kept },
      kept.map(({ caption }) => caption),
      diffusion,
      ctx,
    ));

  const weights = storedWeights(await componentWeights(judge, 'face_score', ctx), { rename: (name) => `reward.${name}` });
  const judged = pictureReward(scorer.config, weights);
  const decode = await openDecoder(trainee, ctx);
  const square = float32([1, 4], centreBox({ width, height }, scorer.config.vision.imageSize));

  return trainDiffusion(
    trainee,
    {
      title: 'ReFL',
      lora: 'refl',
      data: [drawn, ...(pictures ? [pictures] : [])],
      draws: pictures ? [{ name: 'diffusion', like: 'image', ...timesOf(trainee, 0, Infinity) }] : [],
      made: walks(trainee, settings, latents, ctx.signal),
      losses({ predicts, column, draw, made, trained }) {
        const [noisy, timestep, alphaBar] = [made('noisy'), made('timestep'), made('alpha_bar')];
        const clean = denoiseOnce(noisy, trained('prompts')(noisy, timestep), alphaBar, predicts);
        const rewards = judged({
          pictures: decode(clean),
          boxes: constant(square),
          input_ids: op.Cast([column('reward_ids')], { to: 'int32' }),
          attention_mask: column('reward_mask'),
        });
        const { loss: own, reward } = rewardLoss(rewards, { mean, deviation, margin, scale });
        if (!pictures) return { loss: own, clean, metrics: { reward } };
        const plain = denoisingTerms(column('image'), draw('diffusion'), trained('images'), { predicts }).loss;
        return {
          loss: op.Add([own, op.Mul([plain, diffusionWeight])]),
          clean,
          metrics: { reward, reward_loss: own, diffusion_loss: plain },
        };
      },
    },
    settings,
    ctx,
  );
};

/** Latents that the model as it is has denoised from noise up to a random step, without guidance, and the time of that step: one for the batch, as in ReFL.py. */
function walks(
  { diffusion: { schedule } }: Trainee,
  settings: Pick<Settings, 'batch' | 'samplingSteps' | 'fromStep' | 'toStep'>,
  latents: readonly number[],
  signal: AbortSignal,
): MadeInputs {
  const { batch, samplingSteps, fromStep, toStep } = settings;
  // a sampler remembers its walk, so each gets a new one; the first says whether there can be one
  const walk = () => createSampler('ddpm', schedule, samplingSteps);
  walk();
  const shape = [batch, ...latents];
  const all = (value: number): Tensor<'float32'> => float32([batch], new Float32Array(batch).fill(value));
  return {
    shapes: { noisy: latents, timestep: [], alpha_bar: [] },
    async make(rows, predict, rng) {
      const sampler = walk();
      const stop = fromStep + rng.integer(toStep - fromStep + 1);
      const noise = () => rng.normal(sizeOf(shape));
      const conditioning = {
        text: rows['prompts_text'] as Tensor<'float32'>,
        pooled: (rows['prompts_pooled'] as Tensor<'float32'> | undefined) ?? null,
      };
      let x = noise();
      for (let step = 0; step < stop; step++) {
        signal.throwIfAborted();
        const { data } = await predict({ latents: float32(shape, x), timestep: sampler.timesteps[step]!, conditioning });
        x = sampler.step(data, x, step, noise);
      }
      const timestep = sampler.timesteps[stop]!;
      return { noisy: float32(shape, x), timestep: all(timestep), alpha_bar: all(schedule.alphasCumprod[timestep]!) };
    },
  };
}

function problemsOf(
  {
    width,
    height,
    samplingSteps,
    fromStep,
    toStep,
    diffusionWeight,
  }: Pick<Settings, 'width' | 'height' | 'samplingSteps' | 'fromStep' | 'toStep' | 'diffusionWeight'>,
  got: { readonly prompts: number; readonly images: number; readonly stride: number },
): string[] {
  const sides = Object.entries({ width, height }).filter(([, side]) => side % got.stride !== 0);
  return [
    ...(got.prompts === 0 ? ['prompts: expected at least one, got none'] : []),
    ...sides.map(([name, side]) => `${name}: expected a multiple of ${got.stride} pixels, got ${side}`),
    ...(fromStep > toStep ? [`fromStep, toStep: expected fromStep not above toStep, got ${fromStep} and ${toStep}`] : []),
    ...(toStep >= samplingSteps
      ? [`toStep: expected a step below samplingSteps, as the first is 0, got ${toStep} of ${samplingSteps}`]
      : []),
    ...(diffusionWeight > 0 && got.images === 0 ? ['images: expected pictures, as diffusionWeight is above 0, got none'] : []),
  ];
}
