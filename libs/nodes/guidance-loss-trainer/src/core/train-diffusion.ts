// The core of every trainer of diffusion models: data, draws, step graph, loop, result.
import type { Model, NodeContext, Training } from '@facewright/core';
import { UNet2DCondition } from '@facewright/models';
import { choosePrecision, componentOf, resumableRng, runTraining, type TrainingRun } from '@facewright/pipelines';
import type { Tensor, Tensors } from '@facewright/tensor';
import { averageDecay, learningRateSchedule, shuffledRows, type ReadState } from '@facewright/train';
import { loraContent, safetensorsBytes } from '@facewright/weights';
import type { TrainingSettings } from '../ports.ts';
import { currentModel } from './current-model.ts';
import { rowsOf } from './data-set.ts';
import { drawFeeds } from './draws.ts';
import { openPreview } from './preview.ts';
import { stepGraph, type Method } from './step-graph.ts';
import { trainedWeights, type TrainedWeights } from './trained-weights.ts';
import type { Trainee } from './trainee.ts';

/** How many previews a training shows. */
const previews = 20;

/** Trains by a method, as runTraining. The model has the trained weights, or one more LoRA; `settings` are kept with the training, with the precision that was chosen. Throws TRAIN_NOT_FINITE, PIPELINES_NO_FLOAT16, and when the run is cancelled. */
export async function trainDiffusion<S extends TrainingSettings>(
  trainee: Trainee,
  method: Method,
  settings: S,
  ctx: NodeContext,
): Promise<{ model: Model<'diffusion'>; training: Training }> {
  const { handle, diffusion } = trainee;
  const { steps, batch, learningRate, schedule, warmUp, finalRate, emaDecay, extend, seed } = settings;
  const precision = await choosePrecision(settings.precision, ctx);
  const rng = ctx.rng(seed);
  const unet = new UNet2DCondition(diffusion.unet);
  const weights = await trainedWeights(trainee, unet, settings, rng, ctx);
  const step = stepGraph(trainee, unet, weights, method, settings, precision, ctx);
  const wanted = new Set(step.feeds);
  const rows = method.data.map((set) => ({ set, shuffled: shuffledRows(set.count, rng) }));
  const shapeOf = (column: string) =>
    method.data
      .map(({ columns }) => columns[column])
      .find((tensor) => tensor !== undefined)!
      .dims.slice(1);
  const stateOf = (name: string) => (emaDecay > 0 ? `ema.${name}` : name);
  const kept = [...weights.inputs.keys()].map(stateOf);
  const parametersOf = (state: Tensors): Map<string, Tensor> =>
    new Map([...weights.inputs.keys()].map((name) => [name, state[stateOf(name)]!]));

  const preview = settings.previewPrompt === '' ? null : await openPreview(trainee, weights, method.data[0]!.latents, settings, ctx);
  const everyPreview = Math.max(1, Math.ceil(steps / previews));
  const [first] = method.data;
  const { made } = method;
  const size = { batch, latents: first!.latents, tokens: first!.conditioning.text.dims[1]! };
  const predict = currentModel(trainee, weights, size, settings, ctx);
  const training: TrainingRun = {
    step,
    steps,
    extend,
    learningRate: (of) =>
      learningRateSchedule({ peak: learningRate, steps: of, warmUp: Math.min(warmUp, of), shape: schedule, floor: finalRate }),
    parts: { rng: resumableRng(rng), ...Object.fromEntries(rows.map(({ set, shuffled }) => [`rows of ${set.name}`, shuffled])) },
    ...(emaDecay > 0 && { averageDecay: averageDecay(emaDecay) }),
    batches: () => {
      const feeds: Tensors = Object.assign(
        {},
        ...rows.map(({ set, shuffled }) => rowsOf(set, shuffled.next(batch))),
        ...method.draws.map((draw) => drawFeeds(draw, batch, shapeOf(draw.like), diffusion.schedule, rng)),
      );
      return Object.fromEntries(Object.entries(feeds).filter(([name]) => wanted.has(name)));
    },
    ...(made && {
      complete: async (feeds: Tensors, readState: ReadState) => {
        const parameters = new Map(Object.entries(await readState([...weights.inputs.keys()])));
        return { ...feeds, ...(await made.make(feeds, (request) => predict(parameters, request), rng)) };
      },
    }),
    onStep: async ({ step: at, outputs, readState }) => {
      const shown = at + 1 === steps || at % everyPreview === 0;
      const see = async () =>
        preview ? preview(parametersOf(await readState(kept))) : (await diffusion.decodeLatents(outputs['clean'] as Tensor<'float32'>))[0];
      ctx.progress(at + 1, steps, shown ? await see() : undefined);
    },
  };
  const trained = await runTraining(training, ctx);
  return {
    model: await tunedModel(handle, method.lora, weights, parametersOf(trained.state), ctx),
    training: await trained.record.finish({
      method: method.title,
      steps: trained.steps,
      settings: Object.fromEntries([
        ...Object.entries({ ...settings, precision }),
        ...(trained.extendedAt.length > 0 ? [['extendedAt', trained.extendedAt]] : []),
      ]),
    }),
  };
}

async function tunedModel(
  model: Model<'diffusion'>,
  lora: string,
  weights: TrainedWeights,
  tensors: ReadonlyMap<string, Tensor>,
  ctx: NodeContext,
): Promise<Model<'diffusion'>> {
  const name = `${model.name} (tuned)`;
  const store = async (content: ReadonlyMap<string, Tensor>, metadata: Readonly<Record<string, string>>) => ({
    asset: await ctx.assets.write(safetensorsBytes(content, metadata), 'application/x-safetensors'),
  });
  if (weights.lora) {
    const ups = [...tensors].filter(([factor]) => factor.endsWith('.lora_B.weight'));
    const factors = ups.map(([factor, up]) => {
      const layer = factor.slice(weights.lora!.prefix.length, -'.lora_B.weight'.length);
      return [`${layer}.weight`, { up, down: tensors.get(factor.replace(/lora_B\.weight$/, 'lora_A.weight'))! }] as const;
    });
    const content = loraContent({ unet: new Map(factors) }, weights.lora.alpha);
    return {
      ...model,
      name,
      loras: [...model.loras, { name: lora, weights: await store(content.tensors, content.metadata), strength: 1 }],
    };
  }
  const unet = { ...componentOf(model, 'unet'), weights: await store(tensors, { format: 'pt' }) };
  return { ...model, name, components: { ...model.components, unet } };
}
