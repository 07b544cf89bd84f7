// A train step of the tiny U-Net beside its forward pass, and beside the same step in PyTorch.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  bind,
  initialize,
  inMemory,
  inputWeights,
  parseUNetConfig,
  storedWeights,
  UNet2DCondition,
  unetGraph,
  type Json,
} from '@facewright/models';
import { buildModel, input, trainStep, type TrainStep, type Value } from '@facewright/onnx';
import { createRuntime, type Runtime } from '@facewright/runtime';
import { createRng, float32, scalar, sizeOf, type Shape, type Tensor, type Tensors } from '@facewright/tensor';
import { addNoise, diffusionLoss } from '@facewright/train';
import { PROMPT_TOKENS, unetConfig } from '../train-tiny/configs.ts';
import { median } from './median.ts';
import type { Measurement } from './report.ts';

const CONFIG_FILE = join(import.meta.dirname, '../../models/tiny-faces/unet/config.json');
const REFERENCE = join(import.meta.dirname, 'reference_train_step.py');
const WARM_UP = 3;
const LEARNING_RATE = 1e-4;

export const aboutTrain =
  'The U-Net of `models/tiny-faces` on 16 × 16 latents with 36 tokens. A train step is the forward pass, all gradients by the diffusion loss, clipping of their norm and AdamW on every parameter. The forward pass has its weights built in, as in sampling, once with attention written out as in training and once fused; and once its weights are fed, as they are inside a train step, where onnxruntime cannot pack convolutions in advance. All sessions have the same options; they take turns, and the medians of 15 runs are compared. Where `FACEWRIGHT_PYTHON` names a Python with torch and diffusers, the same model takes the same step there (`tools/bench/reference_train_step.py`), with as many threads.';

interface Sizes {
  readonly batch: number;
  readonly side: number;
  readonly rounds: number;
}

/** Medians in ms. */
interface Times {
  readonly forward: number;
  readonly fused: number;
  readonly fed: number;
  readonly step: number;
}

function buildStep(unet: UNet2DCondition, initial: ReadonlyMap<string, Tensor>, [batch, ...rest]: Shape, context: Shape): TrainStep {
  const inputs = new Map<string, Value>();
  const latents = input('latents', 'float32', [batch!, ...rest]);
  const noise = input('noise', 'float32', [batch!, ...rest]);
  const alphaBar = input('alpha_bar', 'float32', [batch!]);
  const prediction = unet.forward(bind(unet, inputWeights(inputs)), {
    sample: addNoise(latents, noise, alphaBar),
    timestep: input('timestep', 'float32', [batch!]),
    encoder_hidden_states: input('encoder_hidden_states', 'float32', context),
  });
  return trainStep({
    loss: diffusionLoss({ prediction, noise, alphaBar }),
    parameters: [...inputs].map(([name, value]) => ({ name, value, initial: initial.get(name)! })),
    maxGradientNorm: 1,
  });
}

async function timeOurs(runtime: Runtime, json: Json, { batch, side, rounds }: Sizes): Promise<Times> {
  const config = parseUNetConfig(json);
  const unet = new UNet2DCondition(config);
  const rng = createRng(1);
  const initial = initialize(unet, rng);
  const shape = [batch, config.inChannels, side, side];
  const context = [batch, PROMPT_TOKENS, config.crossAttentionDim];
  const normal = (dims: Shape) => float32(dims, rng.normal(sizeOf(dims)));
  const drawn = {
    timestep: float32(
      [batch],
      Array.from({ length: batch }, () => rng.integer(1000)),
    ),
    encoder_hidden_states: normal(context),
  };
  const forwardFeeds: Tensors = { sample: normal(shape), ...drawn };
  const stepFeeds: Tensors = {
    latents: normal(shape),
    noise: normal(shape),
    alpha_bar: float32(
      [batch],
      Array.from({ length: batch }, () => 0.1 + 0.8 * rng()),
    ),
    ...drawn,
  };

  const forwardModel = (fused: boolean) =>
    buildModel(unetGraph(config, { batch, height: side, width: side, tokens: PROMPT_TOKENS }, storedWeights(inMemory(initial)), { fused }));
  const step = buildStep(unet, initial, shape, context);
  const weights = new Map<string, Value>();
  const fedModel = buildModel(unetGraph(config, { batch, height: side, width: side, tokens: PROMPT_TOKENS }, inputWeights(weights)));
  const weightFeeds = Object.fromEntries([...weights.keys()].map((name) => [name, initial.get(name)!]));
  const sessions = {
    fed: await runtime.open(fedModel),
    forward: await runtime.open(forwardModel(false)),
    fused: await runtime.open(forwardModel(true)),
    step: await runtime.open(step.model, { state: step.state }),
  };
  const times = { forward: [] as number[], fused: [] as number[], fed: [] as number[], step: [] as number[] };
  try {
    for (let round = -WARM_UP; round < rounds; round++)
      for (const name of ['forward', 'fused', 'fed', 'step'] as const) {
        const feeds =
          name === 'step'
            ? { ...stepFeeds, step: scalar(round + WARM_UP + 1), learning_rate: scalar(LEARNING_RATE) }
            : { ...forwardFeeds, ...(name === 'fed' && weightFeeds) };
        const begun = performance.now();
        const { loss } = await sessions[name].run(feeds);
        if (round >= 0) times[name].push(performance.now() - begun);
        if (name === 'step' && !Number.isFinite(loss!.data[0]))
          throw new Error(`train step of the bench: expected a finite loss, got ${String(loss!.data[0])}`);
      }
  } finally {
    for (const session of Object.values(sessions)) await session.release();
  }
  return { forward: median(times.forward), fused: median(times.fused), fed: median(times.fed), step: median(times.step) };
}

interface ReferenceTimes {
  readonly forward: readonly number[];
  readonly step: readonly number[];
  /** Of torch. */
  readonly version: string;
}

async function timeReference(
  python: string,
  json: Json,
  { batch, side, rounds }: Sizes,
): Promise<{ readonly forward: number; readonly step: number; readonly version: string }> {
  const request = {
    config: json,
    batch,
    side,
    tokens: PROMPT_TOKENS,
    rounds,
    warm_up: WARM_UP,
    learning_rate: LEARNING_RATE,
    threads: availableParallelism(),
  };
  const { stdout } = await promisify(execFile)(python, [REFERENCE, JSON.stringify(request)]);
  const { forward, step, version } = JSON.parse(stdout.trim().split('\n').at(-1)!) as ReferenceTimes;
  return { forward: median(forward), step: median(step), version };
}

export interface TrainBench {
  readonly batches?: readonly number[];
  readonly rounds?: number;
  /** A Python with torch and diffusers. */
  readonly python: string | undefined;
}

export async function measureTrain({ batches = [16, 32], rounds = 15, python }: TrainBench): Promise<Measurement[]> {
  const json = existsSync(CONFIG_FILE) ? (JSON.parse(await readFile(CONFIG_FILE, 'utf8')) as Json) : unetConfig;
  const side = parseUNetConfig(json).sampleSize;
  const runtime = await createRuntime({ provider: 'cpu' });
  if (python === undefined)
    console.warn('SKIPPED: the same train step in PyTorch; set FACEWRIGHT_PYTHON to a Python with torch and diffusers');
  const measured: Measurement[] = [];
  for (const batch of batches) {
    const sizes = { batch, side, rounds };
    const ours = await timeOurs(runtime, json, sizes);
    const of = `batch ${batch}: `;
    measured.push(
      { name: `${of}forward pass, attention written out`, value: ours.forward, unit: 'ms' },
      { name: `${of}forward pass, attention fused`, value: ours.fused, unit: 'ms' },
      { name: `${of}forward pass, weights fed as in a train step`, value: ours.fed, unit: 'ms' },
      { name: `${of}train step`, value: ours.step, unit: 'ms' },
      { name: `${of}train step over forward pass, written out`, value: ours.step / ours.forward, unit: '×', most: 4 },
      { name: `${of}train step over forward pass, weights fed`, value: ours.step / ours.fed, unit: '×' },
      { name: `${of}train step over forward pass, fused`, value: ours.step / ours.fused, unit: '×' },
    );
    if (python === undefined) continue;
    const reference = await timeReference(python, json, sizes);
    measured.push(
      { name: `${of}forward pass in PyTorch ${reference.version}`, value: reference.forward, unit: 'ms' },
      { name: `${of}train step in PyTorch ${reference.version}`, value: reference.step, unit: 'ms' },
      { name: `${of}train step here over PyTorch`, value: ours.step / reference.step, unit: '×' },
    );
  }
  await runtime.dispose();
  return measured;
}
