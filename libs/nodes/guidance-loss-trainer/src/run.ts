// GuidanceLossTrainer: the work of the node.
import type { Model, NodeRun } from '@facewright/core';
import { UNet2DCondition } from '@facewright/models';
import { componentOf, openDiffusion, recordTraining } from '@facewright/pipelines';
import { float32 } from '@facewright/tensor';
import type { Rng, Tensor, Tensors } from '@facewright/tensor';
import { learningRateSchedule, trainLoop } from '@facewright/train';
import { safetensorsBytes } from '@facewright/weights';
import type { definition } from './definition.ts';
import { err } from './errors.ts';
import { batchOf, encodePairs } from './pair-latents.ts';
import { trainedWeights } from './trained-weights.ts';
import { trainingGraph } from './training-graph.ts';

/** Rows of the frozen networks at once while encoding. */
const encodeBatch = 32;
const warmUpSteps = 20;
/** Share of the highest learning rate that is left at the end. */
const learningRateFloor = 0.1;
/** How many previews a training shows. */
const previews = 20;

export const run: NodeRun<typeof definition> = async (inputs, ctx) => {
  const {
    model,
    pairs,
    steps,
    batch,
    learningRate,
    guidanceWeight,
    diffusionWeight,
    tMin,
    tMax,
    snrWeighting,
    snrGamma,
    mode,
    rank,
    seed,
  } = inputs;
  if (tMin >= tMax) throw err.TIMES(tMin, tMax);
  const diffusion = await openDiffusion(model, ctx, { batch: encodeBatch });
  const { unet: config, vae, schedule } = diffusion;
  if (schedule.prediction !== 'epsilon') throw err.PREDICTION(schedule.prediction);
  if (config.addition !== null) throw err.ARCHITECTURE(model.name);
  if (config.inChannels !== vae.latentChannels) throw err.CHANNELS(vae.latentChannels, config.inChannels);
  const latents = await encodePairs(pairs, diffusion, ctx);
  const rng = ctx.rng(seed);
  const unet = new UNet2DCondition(config);
  const weights = await trainedWeights(model, unet, mode, rank, rng, ctx);
  const [, , height = 0, width = 0] = latents.good.dims;
  const size = { batch, height, width, tokens: latents.text.dims[1] ?? 0 };
  const step = trainingGraph(unet, config, size, weights, {
    guidance: guidanceWeight,
    diffusion: diffusionWeight,
    weighting: snrWeighting === 'min-snr' ? { kind: 'min-snr', gamma: snrGamma } : { kind: snrWeighting },
  });

  const draw = (name: string, low: number, high: number): Tensors => {
    const times = Array.from({ length: batch }, () => low + rng.integer(high - low));
    return {
      [`${name}_noise`]: float32([batch, ...latents.good.dims.slice(1)], rng.normal((batch * latents.good.data.length) / latents.count)),
      [`${name}_timestep`]: float32([batch], times),
      [`${name}_alpha_bar`]: float32(
        [batch],
        times.map((t) => schedule.alphasCumprod[t]!),
      ),
    };
  };
  const nextRows = shuffledRows(latents.count, rng);
  const wanted = new Set(step.feeds);
  const record = recordTraining(ctx);
  const everyPreview = Math.max(1, Math.ceil(steps / previews));
  const trained = await trainLoop({
    session: (key, graph, options) => ctx.session(key, () => graph, options),
    key: `train:${ctx.node}`,
    step,
    steps,
    signal: ctx.signal,
    learningRate: learningRateSchedule({
      peak: learningRate,
      steps,
      warmUp: Math.min(warmUpSteps, steps),
      shape: 'linear',
      floor: learningRateFloor,
    }),
    batches: () => {
      // Times beyond the schedule do not exist; the range of the port is that of 1,000 steps.
      const times = schedule.alphasCumprod.length;
      const feeds: Tensors = {
        ...batchOf(latents, nextRows(batch)),
        ...draw('guidance', tMin, Math.min(tMax, times)),
        ...draw('diffusion', 0, times),
      };
      return Object.fromEntries(Object.entries(feeds).filter(([name]) => wanted.has(name)));
    },
    onStep: async ({ step: at, loss, metrics, outputs }) => {
      record.add('loss', at, loss);
      for (const [name, value] of Object.entries(metrics)) record.add(name, at, value);
      const last = at + 1 === steps;
      const preview =
        last || at % everyPreview === 0 ? (await diffusion.decodeLatents(outputs['clean'] as Tensor<'float32'>))[0] : undefined;
      ctx.progress(at + 1, steps, preview);
    },
  });
  ctx.signal.throwIfAborted();

  const tensors = new Map([...weights.inputs.keys()].map((name) => [name, trained.state[name]!] as const));
  const file = { asset: await ctx.assets.write(safetensorsBytes(tensors, { format: 'pt' }), 'application/x-safetensors') };
  const { components } = model;
  const tuned: Model<'diffusion'> =
    mode === 'full'
      ? { ...model, name: `${model.name} (tuned)`, components: { ...components, unet: { ...componentOf(model, 'unet'), weights: file } } }
      : { ...model, name: `${model.name} (tuned)`, loras: [...model.loras, { name: 'guidance', weights: file, strength: 1 }] };
  const { model: _model, pairs: _pairs, ...settings } = inputs;
  return {
    model: tuned,
    training: await record.finish({ method: guidanceWeight > 0 ? 'guidance loss' : 'plain fine-tuning', steps: trained.steps, settings }),
  };
};

/** Row numbers for batches: every pair once before any comes again. */
function shuffledRows(count: number, rng: Rng): (batch: number) => number[] {
  let order: number[] = [];
  return (batch) =>
    Array.from({ length: batch }, () => {
      if (order.length === 0) {
        order = Array.from({ length: count }, (_, i) => i);
        for (let i = count - 1; i > 0; i--) {
          const j = rng.integer(i + 1);
          [order[i], order[j]] = [order[j]!, order[i]!];
        }
      }
      return order.pop()!;
    });
}
