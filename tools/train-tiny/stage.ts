// One training stage: a schedule, checkpoints to go on from, a line of log now and then.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainStep } from '@facewright/onnx';
import type { Runtime } from '@facewright/runtime';
import type { Tensor, Tensors } from '@facewright/tensor';
import { averageDecay, learningRateSchedule, trainLoop } from '@facewright/train';
import { readSafetensorsHeader, readTensors, writeSafetensors } from '@facewright/weights';

export interface StageContext {
  readonly runtime: Runtime;
  readonly seed: number;
  /** Folder of checkpoints and of other things that can be made again. */
  readonly cache: string;
  readonly signal: AbortSignal;
  readonly log: (message: string) => void;
  /** Called with averaged weights now and then, so that a training that is cut short has left something. */
  readonly onCheckpoint?: (weights: ReadonlyMap<string, Tensor<'float32'>>, steps: number) => Promise<void>;
}

export interface Stage {
  readonly name: string;
  readonly steps: number;
  /** Highest learning rate; it falls along half a cosine from `holdUntil` of the steps on. */
  readonly peak: number;
  /** Steps of rising; a shorter training rises all the way. */
  readonly warmUp: number;
  readonly holdUntil?: number;
  /** Of the averaged weights. */
  readonly decay: number;
  readonly initial: ReadonlyMap<string, Tensor<'float32'>>;
  readonly build: (initial: ReadonlyMap<string, Tensor<'float32'>>) => TrainStep;
  /** What a step is fed. A training that goes on draws from the beginning of its random numbers again. */
  readonly batch: (step: number) => Tensors | Promise<Tensors>;
  /** Told the averaged weights before the first step and after each: for a stage that learns from its own averages. */
  readonly onAverages?: (averages: ReadonlyMap<string, Tensor<'float32'>>) => void;
  readonly checkpointEvery?: number;
}

const averagesOf = (names: Iterable<string>, state: Tensors): Map<string, Tensor<'float32'>> =>
  new Map([...names].map((name) => [name, state[`ema.${name}`] as Tensor<'float32'>]));

/** Runs a stage to its end, or goes on from its last checkpoint in the cache, and returns the averaged weights. */
export async function runStage(context: StageContext, stage: Stage): Promise<ReadonlyMap<string, Tensor<'float32'>>> {
  const { runtime, cache, signal, log, onCheckpoint } = context;
  const { name, steps, initial, checkpointEvery = 250 } = stage;
  await mkdir(cache, { recursive: true });
  const file = join(cache, `${name}-seed-${context.seed}.checkpoint.safetensors`);
  const saved = existsSync(file) ? await readSafetensorsHeader(file) : null;
  const firstStep = saved ? Math.min(steps, Number(saved.metadata['steps'] ?? 0)) : 0;
  const step = stage.build(initial);
  const before = saved ? Object.fromEntries(await readTensors(saved.tensors)) : {};
  const state = step.state.map((entry) => ({ ...entry, initial: before[entry.input] ?? entry.initial }));
  const checkpoint = async (done: number, now: Tensors) => {
    await writeSafetensors(file, new Map(Object.entries(now)), { steps: `${done}` });
    await onCheckpoint?.(averagesOf(initial.keys(), now), done);
  };
  stage.onAverages?.(averagesOf(initial.keys(), Object.fromEntries(state.map((entry) => [entry.input, entry.initial]))));
  const began = performance.now();
  let sum = 0;
  let count = 0;
  const result = await trainLoop({
    session: (_key, model, options) => runtime.open(model, options),
    key: name,
    step: { ...step, state },
    batches: stage.batch,
    steps,
    firstStep,
    learningRate: learningRateSchedule({
      peak: stage.peak,
      steps,
      warmUp: Math.min(stage.warmUp, steps),
      shape: 'cosine',
      floor: 0.02,
      ...(stage.holdUntil !== undefined && { holdUntil: stage.holdUntil }),
    }),
    averageDecay: averageDecay(stage.decay),
    signal,
    onStep: async ({ step: index, loss, learningRate, metrics, readState }) => {
      stage.onAverages?.(averagesOf(initial.keys(), await readState()));
      sum += loss;
      count += 1;
      if ((index + 1) % 50 === 0 || index === firstStep) {
        const seconds = (performance.now() - began) / 1000;
        const others = Object.entries(metrics).map(([key, value]) => `${key} ${value.toFixed(4)}`);
        log(
          `${name} ${index + 1}/${steps} loss ${(sum / count).toFixed(4)} ${others.join(' ')} rate ${learningRate.toExponential(1)} ${(seconds / (index + 1 - firstStep)).toFixed(3)} s/step ${seconds.toFixed(0)} s`,
        );
        sum = count = 0;
      }
      if ((index + 1) % checkpointEvery === 0) await checkpoint(index + 1, await readState());
    },
  });
  await checkpoint(result.steps, result.state);
  return averagesOf(initial.keys(), result.state);
}
