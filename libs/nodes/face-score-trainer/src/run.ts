// FaceScoreTrainer: the work of the node. Trains with the ranking loss and keeps the parameters that do best on pairs it never trained on.
import type { Model, NodeRun } from '@facewright/core';
import { inputWeights } from '@facewright/models';
import { trainStep } from '@facewright/onnx';
import type { Value } from '@facewright/onnx';
import { componentOf, componentWeights, openFaceScore } from '@facewright/pipelines';
import { toFloat32 } from '@facewright/tensor';
import type { ImageBuffer, Tensor, Tensors } from '@facewright/tensor';
import { isDiverged, learningRateSchedule, trainLoop } from '@facewright/train';
import { readTensors, safetensorsBytes } from '@facewright/weights';
import type { FileTensor } from '@facewright/weights';
import type { definition } from './definition.ts';
import { err } from './errors.ts';
import { cropPairs, degrade } from './face-pairs.ts';
import { rankingGraph, validationModel } from './ranking-graph.ts';

/** FaceScore scores every crop with this text, so it is trained with it. */
const prompt = 'A face.';
const fewestFaces = 8;
/** How often validation looks at the parameters during a training. */
const validations = 8;
const maxGradientNorm = 1;

export const run: NodeRun<typeof definition> = async (inputs, ctx) => {
  const { model, pairs, steps, batch, learningRate, degradedShare, validationShare, seed } = inputs;
  const { config, tokenizer, pixels } = await openFaceScore(model, ctx);
  const rng = ctx.rng(seed);
  const faces = await cropPairs(pairs, ctx);
  if (faces.length < fewestFaces) throw err.FEW(fewestFaces, faces.length);
  const order = faces.map((face) => ({ face, at: rng() })).sort((a, b) => a.at - b.at);
  const held = Math.round(validationShare * faces.length);
  const validation = order.slice(0, held).map(({ face }) => face);
  const training = order.slice(held).map(({ face }) => face);

  const feedsOf = (good: readonly ImageBuffer[], bad: readonly ImageBuffer[]): Tensors => {
    const { ids, mask } = tokenizer.encode([...good, ...bad].map(() => prompt));
    return { pixel_values: pixels([...good, ...bad]), input_ids: ids, attention_mask: mask };
  };
  const tokens = tokenizer.encode([prompt]).ids.dims[1] ?? 0;
  const stored = await readTensors((await componentWeights(model, 'face_score', ctx)) as ReadonlyMap<string, FileTensor>);
  const trainable = new Map<string, Value>();
  const { loss, accuracy } = rankingGraph(config, batch, tokens, inputWeights(trainable));
  const step = trainStep({
    loss,
    maxGradientNorm,
    metrics: { accuracy },
    optimiser: { weightDecay: 0 },
    parameters: [...trainable].map(([name, value]) => ({ name, value, initial: toFloat32(name, stored.get(name)!) })),
  });

  const curve: string[] = [];
  const record = (name: string, at: number, value: number) => {
    ctx.metric(name, at, value);
    curve.push(JSON.stringify({ name, step: at, value }));
  };
  let best: { readonly loss: number; readonly state: Tensors } | null = null;
  const validate =
    held === 0
      ? null
      : async (at: number, state: Tensors): Promise<void> => {
          const session = await ctx.session(`validate:${ctx.node}:${JSON.stringify(componentOf(model, 'face_score').config)}:${held}`, () =>
            validationModel(rankingGraph(config, held, tokens, inputWeights(new Map()))),
          );
          const parameters = Object.fromEntries([...trainable.keys()].map((name) => [name, state[name]!]));
          const result = await session.run({
            ...parameters,
            ...feedsOf(
              validation.map(({ good }) => good),
              validation.map(({ bad }) => bad),
            ),
          });
          const value = (name: string) => (result[name] as Tensor<'float32'>).data[0]!;
          record('validation_loss', at, value('loss'));
          record('validation_accuracy', at, value('accuracy'));
          if (best === null || value('loss') < best.loss) best = { loss: value('loss'), state };
        };

  const started = performance.now();
  const every = Math.max(1, Math.floor(steps / validations));
  const trained = await trainLoop({
    session: (key, graph, options) => ctx.session(key, () => graph, options),
    key: `train:${ctx.node}`,
    step,
    steps,
    signal: ctx.signal,
    learningRate: learningRateSchedule({ peak: learningRate, steps, warmUp: Math.ceil(steps / 20), shape: 'cosine' }),
    batches: () => {
      const chosen = Array.from({ length: batch }, () => training[rng.integer(training.length)]!);
      return feedsOf(
        chosen.map(({ good }) => good),
        chosen.map(({ good, bad }) => (rng() < degradedShare ? degrade(good, rng) : bad)),
      );
    },
    onStep: async ({ step: at, loss: value, metrics, readState }) => {
      record('loss', at, value);
      record('accuracy', at, metrics['accuracy']!);
      if (validate && (at + 1 === steps || (at + 1) % every === 0)) await validate(at, await readState());
      ctx.progress(at + 1, steps);
    },
  }).catch((error: unknown) => {
    if (!isDiverged(error)) throw error;
    throw err.DIVERGED(error.lastGood.steps, learningRate);
  });
  ctx.signal.throwIfAborted();

  const state = (best as { readonly state: Tensors } | null)?.state ?? trained.state;
  // Parameters that scoring does not use (the projections of BLIP's own training) stay as they were, so that the file keeps its layout.
  const tensors = new Map([...stored].map(([name, tensor]) => [name, trainable.has(name) ? state[name]! : tensor] as const));
  const weights = { asset: await ctx.assets.write(safetensorsBytes(tensors, { format: 'pt' }), 'application/x-safetensors') };
  const tuned: Model<'face-score'> = {
    ...model,
    name: `${model.name} (tuned)`,
    components: { ...model.components, face_score: { ...componentOf(model, 'face_score'), weights } },
  };
  const { model: _model, pairs: _pairs, ...settings } = inputs;
  return {
    model: tuned,
    training: {
      method: 'ranking loss',
      steps: trained.steps,
      seconds: (performance.now() - started) / 1000,
      settings: { ...settings, faces: faces.length, validation: held },
      metrics: await ctx.assets.write(new TextEncoder().encode(`${curve.join('\n')}\n`), 'application/x-ndjson'),
    },
  };
};
