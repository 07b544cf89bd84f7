// Facewright's side: the step that a trainer node builds, on the runtime that runs give it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inputWeights, storedWeights, type WeightSource } from '@facewright/models';
import { openTrainee, stepGraph, trainedWeights, type Method, type TrainingSettings } from '@facewright/node-guidance-loss-trainer/core';
import { rankingGraph } from '@facewright/node-face-score-trainer/core';
import { trainStep, type TrainStep, type Value } from '@facewright/onnx';
import { UNet2DCondition } from '@facewright/models';
import { float32, scalar, sizeOf, toFloat32, type Session, type Shape, type Tensor, type Tensors } from '@facewright/tensor';
import { dreamBoothLoss, faceLosses } from '@facewright/train';
import { openTensorFile, readTensors } from '@facewright/weights';
import { profileSessions } from '../bench-sd/operator-profile.ts';
import { openStudio } from '../bench-sd/pipeline.ts';
import { answer } from '../bench-sd/side.ts';
import { hashed, scoreConfig, tokens, trainedOfScore, training, type Case } from './cases.ts';

const told = JSON.parse(process.argv[2]!) as Case & { readonly path: string; readonly checkpointing: boolean };
const folder = await mkdtemp(join(tmpdir(), 'facewright-bench-'));
const studio = await openStudio(join(folder, 'data'), 'cpu');

const filled = (name: string, dims: Shape): Tensor<'float32'> => float32(dims, hashed(name, sizeOf(dims)));

async function loraStep({
  method,
  size,
}: Extract<Case, { readonly kind: 'lora' }>): Promise<{ readonly step: TrainStep; readonly feeds: Tensors }> {
  const handle = await studio.load('facewright/load-diffusion', { path: told.path, vae: undefined, prediction: 'auto' });
  const trainee = await openTrainee(handle, studio.ctx);
  const { diffusion } = trainee;
  const settings: TrainingSettings = {
    steps: 1,
    batch: 1,
    learningRate: training.learningRate,
    mode: 'lora',
    rank: training.rank,
    alpha: training.rank,
    targets: 'attention',
    warmUp: 0,
    schedule: 'constant',
    finalRate: 1,
    weightDecay: training.weightDecay,
    maxGradientNorm: training.maxGradientNorm,
    accumulate: 1,
    emaDecay: 0,
    previewPrompt: '',
    extend: false,
    recompute: told.checkpointing ? 'on' : 'off',
    precision: 'float32',
    seed: 1,
  };
  const side = size / diffusion.stride;
  const shape = [1, diffusion.vae.latentChannels, side, side];
  const unet = new UNet2DCondition(diffusion.unet);
  const weights = await trainedWeights(trainee, unet, settings, studio.ctx.rng(1), studio.ctx);
  const set = {
    name: 'set',
    count: 1,
    latents: shape.slice(1),
    columns: { good: filled('good', shape), bad: filled('bad', shape) },
    conditioning: { text: filled('text', [1, tokens.lora, diffusion.unet.crossAttentionDim]), pooled: null },
  };
  const times = { from: 0, to: 1000 };
  const plain: Method = {
    title: 'plain fine-tuning',
    lora: 'bench',
    data: [set],
    draws: [{ name: 'noise', like: 'good', ...times }],
    losses: ({ predicts, column, draw, trained }) => {
      const { loss, clean } = dreamBoothLoss({ latents: column('good'), draw: draw('noise'), trained: trained('set') }, null, { predicts });
      return { loss, clean, metrics: {} };
    },
  };
  const guidance: Method = {
    ...plain,
    title: 'guidance loss',
    losses: ({ predicts, column, draw, trained, frozen }) => {
      const inputs = { good: column('good'), bad: column('bad'), draw: draw('noise'), diffusionDraw: draw('noise') };
      const { loss, clean } = faceLosses(
        { ...inputs, frozen: frozen('set'), trained: trained('set'), predicts },
        { guidance: 1, diffusion: 0, weighting: { kind: 'none' } },
      );
      return { loss, clean, metrics: {} };
    },
  };
  const step = stepGraph(trainee, unet, weights, method === 'plain' ? plain : guidance, settings, 'float32', studio.ctx);
  const { timestep } = training;
  return {
    step,
    feeds: {
      good: set.columns.good,
      bad: set.columns.bad,
      set_text: set.conditioning.text,
      noise_noise: filled('noise', shape),
      noise_timestep: float32([1], [timestep]),
      noise_alpha_bar: float32([1], [diffusion.schedule.alphasCumprod[timestep]!]),
    },
  };
}

async function scoreStep({
  pairs,
  freeze,
}: Extract<Case, { readonly kind: 'score' }>): Promise<{ readonly step: TrainStep; readonly feeds: Tensors }> {
  const stored = (await openTensorFile(told.path)).tensors;
  const wanted = trainedOfScore(freeze);
  const inputs = new Map<string, Value>();
  const [frozen, fed] = [storedWeights(stored), inputWeights(inputs)];
  const source: WeightSource = (name, parameter) => (wanted.has(name) ? fed : frozen)(name, parameter);
  const { loss, accuracy } = rankingGraph(scoreConfig, pairs, tokens.score, source, { fused: true });
  const initial = await readTensors(new Map([...stored].filter(([name]) => inputs.has(name))));
  const rows = 2 * pairs;
  const { imageSize } = scoreConfig.vision;
  return {
    step: trainStep({
      loss,
      keep: told.checkpointing ? 0 : Infinity,
      maxGradientNorm: training.maxGradientNorm,
      metrics: { accuracy },
      optimiser: { weightDecay: 0 },
      parameters: [...inputs].map(([name, value]) => ({ name, value, initial: toFloat32(name, initial.get(name)!) })),
    }),
    feeds: {
      pixel_values: filled('pixels', [rows, 3, imageSize, imageSize]),
      input_ids: {
        dtype: 'int64',
        dims: [rows, tokens.score],
        data: BigInt64Array.from({ length: rows * tokens.score }, (_, i) => BigInt(1 + (i % tokens.score))),
      },
      attention_mask: float32([rows, tokens.score], new Float32Array(rows * tokens.score).fill(1)),
    },
  };
}

let session: Session;
let feeds: Tensors;
let at = 0;
async function open(): Promise<object> {
  const begun = performance.now();
  const { step, feeds: given } = told.kind === 'lora' ? await loraStep(told) : await scoreStep(told);
  const wanted = new Set(step.feeds);
  feeds = Object.fromEntries(Object.entries(given).filter(([name]) => wanted.has(name)));
  session = await studio.ctx.session('bench', () => step.model, { state: step.state });
  return { seconds: (performance.now() - begun) / 1000 };
}
async function step(): Promise<{ readonly seconds: number; readonly loss: number; readonly norm: number }> {
  const begun = performance.now();
  const result = await session.run({ ...feeds, step: scalar(++at), learning_rate: scalar(training.learningRate) });
  const seconds = (performance.now() - begun) / 1000;
  return { seconds, loss: Number(result['loss']!.data[0]), norm: Number(result['gradient_norm']!.data[0]) };
}

await answer({
  about: async () => ({ device: studio.runtime.description, versions: {} }),
  open,
  step,
  profile: async () => {
    const shares = await profileSessions(folder)(async () => {
      await open();
      await step();
      await step();
    });
    return { shares };
  },
});
await studio.close();
await rm(folder, { recursive: true, force: true });
