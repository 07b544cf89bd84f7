// FaceScoreTrainer: the work of the node. Trains with the ranking loss and keeps the parameters that do best on pairs it never trained on.
import type { Model, NodeRun } from '@facewright/core';
import { inputWeights } from '@facewright/models';
import { buildModel, trainStep } from '@facewright/onnx';
import type { Value } from '@facewright/onnx';
import { componentOf, componentTensors, openFaceScore, recordTraining } from '@facewright/pipelines';
import { toFloat32 } from '@facewright/tensor';
import type { Tensor, Tensors } from '@facewright/tensor';
import { learningRateSchedule, trainLoop } from '@facewright/train';
import { safetensorsBytes } from '@facewright/weights';
import type { definition } from './definition.ts';
import { err } from './errors.ts';
import { cropPairs, degrade } from './face-pairs.ts';
import type { FacePair } from './face-pairs.ts';
import { rankingGraph } from './ranking-graph.ts';

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

  const feedsOf = (pairs: readonly FacePair[]): Tensors => {
    const crops = [...pairs.map(({ good }) => good), ...pairs.map(({ bad }) => bad)];
    const { ids, mask } = tokenizer.encode(crops.map(() => prompt));
    return { pixel_values: pixels(crops), input_ids: ids, attention_mask: mask };
  };
  const tokens = tokenizer.encode([prompt]).ids.dims[1] ?? 0;
  const stored = await componentTensors(model, 'face_score', ctx);
  const configKey = JSON.stringify(componentOf(model, 'face_score').config);
  const trainable = new Map<string, Value>();
  const { loss, accuracy } = rankingGraph(config, batch, tokens, inputWeights(trainable));
  const step = trainStep({
    loss,
    maxGradientNorm,
    metrics: { accuracy },
    optimiser: { weightDecay: 0 },
    parameters: [...trainable].map(([name, value]) => ({ name, value, initial: toFloat32(name, stored.get(name)!) })),
  });

  const record = recordTraining(ctx);
  let best: { readonly loss: number; readonly state: Tensors } | null = null;
  /** Keeps the parameters when they do best so far on the pairs kept out; these are looked at a batch at a time. */
  const validate = async (at: number, state: Tensors): Promise<void> => {
    const parameters = Object.fromEntries([...trainable.keys()].map((name) => [name, state[name]!]));
    const sums = { loss: 0, accuracy: 0 };
    for (let from = 0; from < held; from += batch) {
      const part = validation.slice(from, from + batch);
      const session = await ctx.session(`validate:${configKey}:${part.length}`, () =>
        buildModel({ ...rankingGraph(config, part.length, tokens, inputWeights(new Map())) }),
      );
      const result = await session.run({ ...parameters, ...feedsOf(part) });
      for (const name of ['loss', 'accuracy'] as const) sums[name] += (part.length / held) * (result[name] as Tensor<'float32'>).data[0]!;
    }
    record.add('validation_loss', at, sums.loss);
    record.add('validation_accuracy', at, sums.accuracy);
    if (best === null || sums.loss < best.loss) best = { loss: sums.loss, state };
  };

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
      return feedsOf(chosen.map(({ good, bad }) => ({ good, bad: rng() < degradedShare ? degrade(good, rng) : bad })));
    },
    onStep: async ({ step: at, loss: value, metrics, readState }) => {
      record.add('loss', at, value);
      record.add('accuracy', at, metrics['accuracy']!);
      if (held > 0 && (at + 1 === steps || (at + 1) % every === 0)) await validate(at, await readState());
      ctx.progress(at + 1, steps);
    },
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
    training: await record.finish({
      method: 'ranking loss',
      steps: trained.steps,
      settings: { ...settings, faces: faces.length, validation: held },
    }),
  };
};
