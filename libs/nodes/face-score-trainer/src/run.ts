// FaceScoreTrainer: the work of the node. Trains with the ranking loss and keeps the parameters that do best on pairs it never trained on.
import type { Model, NodeContext, NodeRun } from '@facewright/core';
import { BlipReward, inputWeights, parameterCount, storedWeights } from '@facewright/models';
import type { StoredTensor, WeightSource } from '@facewright/models';
import { trainStep } from '@facewright/onnx';
import type { Value } from '@facewright/onnx';
import {
  componentOf,
  componentWeights,
  fusedWhere,
  keyedSeed,
  openFaceScore,
  resumableRng,
  runTraining,
  type Resumable,
  type TrainingRecord,
} from '@facewright/pipelines';
import { sizeOf, toFloat32 } from '@facewright/tensor';
import type { Rng, Tensor, Tensors } from '@facewright/tensor';
import { bytesToKeep, learningRateSchedule, shuffledRows } from '@facewright/train';
import { readTensors, safetensorsParts } from '@facewright/weights';
import type { definition } from './definition.ts';
import { err } from './errors.ts';
import { cropPairs, degradations, degrade } from './face-pairs.ts';
import type { FacePair } from './face-pairs.ts';
import { frozenParameters } from './frozen-parameters.ts';
import { rankingGraph } from './ranking-graph.ts';
import { openValidation } from './validation.ts';

/** FaceScore scores every crop with this text, so it is trained with it. */
const prompt = 'A face.';
const fewestFaces = 8;
/** How often validation looks at the parameters: in an epoch, as ImageReward's training does, or in all where steps are counted. */
const validations = { inAnEpoch: 4, inAll: 8 };

interface Best {
  readonly step: number;
  readonly loss: number;
  readonly parameters: Tensors;
}

export const run: NodeRun<typeof definition> = async (inputs, ctx) => {
  const { model, pairs, epochs, batch, accumulate, frozenShare, head, degradedShare, validationShare, patience, maxGradientNorm, seed } =
    inputs;
  const scorer = await openFaceScore(model, ctx);
  const { config, tokenizer, pixels } = scorer;
  const rng = ctx.rng(seed);
  const faces = await cropPairs(pairs, ctx);
  if (faces.length < fewestFaces) throw err.FEW(fewestFaces, faces.length);
  const order = faces.map((face) => ({ face, at: rng() })).sort((a, b) => a.at - b.at);
  const held = Math.round(validationShare * faces.length);
  if (patience > 0 && held === 0) throw err.PATIENCE(validationShare);
  const validation = order.slice(0, held).map(({ face }) => face);
  const training = order.slice(held).map(({ face }) => face);
  const perStep = batch * accumulate;
  const steps = epochs > 0 ? Math.ceil((epochs * training.length) / perStep) : inputs.steps;

  const feedsOf = (pairs: readonly FacePair[]): Tensors => {
    const crops = [...pairs.map(({ good }) => good), ...pairs.map(({ bad }) => bad)];
    const { ids, mask } = tokenizer.encode(crops.map(() => prompt));
    return { pixel_values: pixels(crops), input_ids: ids, attention_mask: mask };
  };
  const tokens = tokenizer.encode([prompt]).ids.dims[1] ?? 0;
  const stored = await componentWeights(model, 'face_score', ctx);
  const frozen = frozenParameters(config, frozenShare);
  /** Frozen parameters stay in their file: no gradient, no moments, no copy. */
  const weights = (list: Map<string, Value>): WeightSource => {
    const [still, moving] = [storedWeights(stored), inputWeights(list)];
    return (name, parameter) => (frozen.has(name) ? still : moving)(name, parameter);
  };
  const trainable = new Map<string, Value>();
  const { loss, accuracy } = rankingGraph(config, batch, tokens, weights(trainable), fusedWhere(ctx));
  const initial = await initialParameters(
    [...trainable.keys()],
    stored,
    head === 'new' ? { width: config.text.width, rng: ctx.rng(keyedSeed(seed, 'head')) } : null,
  );
  const trainedCount = [...trainable.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const step = trainStep({
    loss,
    keep: bytesToKeep(inputs.recompute, {
      memory: ctx.memory,
      parameters: parameterCount(new BlipReward(config)),
      trained: trainedCount,
      copies: accumulate > 1 ? 1 : 0,
    }),
    ...(maxGradientNorm > 0 && { maxGradientNorm }),
    accumulate,
    metrics: { accuracy },
    optimiser: { weightDecay: 0 },
    parameters: [...trainable].map(([name, value]) => ({ name, value, initial: initial.get(name)! })),
  });

  const measure = openValidation(
    { model, scorer, pairs: validation, prompt, weights: weights(new Map()), variant: String(frozenShare), batch: 2 * batch, seed },
    ctx,
  );
  let best: Best | null = null;
  let withoutBetter = 0;
  /** Keeps the parameters when they do best so far on the pairs kept out. */
  const validate = async (at: number, state: Tensors, record: TrainingRecord): Promise<void> => {
    const parameters = Object.fromEntries([...trainable.keys()].map((name) => [name, state[name]!]));
    const result = await measure(parameters);
    record.add('validation_loss', at, result.loss);
    record.add('validation_accuracy', at, result.accuracy);
    for (const way of degradations) record.add(`validation_accuracy_${way}`, at, result.degraded[way]);
    withoutBetter++;
    if (best === null || result.loss < best.loss) [best, withoutBetter] = [{ step: at + 1, loss: result.loss, parameters }, 0];
  };

  const automatic = epochs > 0 ? training.length / perStep / validations.inAnEpoch : steps / validations.inAll;
  const every = Math.max(1, inputs.validateEvery || Math.floor(automatic));
  const rows = shuffledRows(training.length, rng);
  const rowsOf = epochs > 0 ? rows.next : (count: number) => Array.from({ length: count }, () => rng.integer(training.length));
  const looks: Resumable = {
    save: () => ({
      data: best ? { step: best.step, loss: best.loss, withoutBetter } : { withoutBetter },
      ...(best && { tensors: best.parameters }),
    }),
    restore({ data, tensors }) {
      const saved = data as { readonly step: number; readonly loss: number; readonly withoutBetter: number };
      withoutBetter = saved.withoutBetter;
      if (tensors && Object.keys(tensors).length > 0) best = { step: saved.step, loss: saved.loss, parameters: tensors };
    },
  };
  const trained = await runTraining(
    {
      step,
      steps,
      extend: inputs.extend,
      learningRate: (of) =>
        learningRateSchedule({ peak: inputs.learningRate, steps: of, warmUp: warmUpSteps(inputs.warmUpShare, of), shape: 'cosine' }),
      parts: { rng: resumableRng(rng), rows, looks },
      batches: () => {
        const chosen = rowsOf(batch).map((row) => training[row]!);
        return feedsOf(chosen.map(({ good, bad }) => ({ good, bad: rng() < degradedShare ? degrade(good, rng) : bad })));
      },
      enough: () => patience > 0 && withoutBetter >= patience,
      onStep: async ({ step: at, readState }, record) => {
        if (held > 0 && (at + 1 === steps || (at + 1) % every === 0)) await validate(at, await readState(), record);
        ctx.progress(at + 1, steps);
      },
    },
    ctx,
  );

  const kept = best as Best | null;
  if (kept) ctx.log('info', `kept the parameters of step ${kept.step} of ${trained.steps}: validation loss ${kept.loss.toPrecision(4)}`);
  const tuned = await tunedModel(model, stored, kept?.parameters ?? trained.state, [...trainable.keys()], ctx);
  const { model: _model, pairs: _pairs, ...settings } = inputs;
  return {
    model: tuned,
    training: await trained.record.finish({
      method: 'ranking loss',
      steps: trained.steps,
      settings: {
        ...settings,
        steps,
        faces: faces.length,
        validation: held,
        trainedParameters: trainedCount,
        ...(trained.extendedAt.length > 0 && { extendedAt: trained.extendedAt }),
        ...(kept && { bestStep: kept.step, bestValidationLoss: kept.loss }),
      },
    }),
  };
};

/** Rounded up; a share that is off by rounding alone counts as the step below. */
const warmUpSteps = (share: number, steps: number): number => Math.ceil(share * steps - 1e-9);

/** As stored, in single precision; a new head as ImageReward's code begins it: weights N(0, 1 / (width + 1)) with that as the deviation, biases 0. */
async function initialParameters(
  names: readonly string[],
  stored: ReadonlyMap<string, StoredTensor>,
  head: { readonly width: number; readonly rng: Rng } | null,
): Promise<ReadonlyMap<string, Tensor<'float32'>>> {
  const read = await readTensors(new Map(names.map((name) => [name, stored.get(name)!])));
  return new Map(
    names.map((name) => {
      const tensor = toFloat32(name, read.get(name)!);
      if (!head || !name.startsWith('mlp.')) return [name, tensor];
      const data = name.endsWith('.bias')
        ? new Float32Array(tensor.data.length)
        : head.rng.normal(tensor.data.length).map((value) => value / (head.width + 1));
      return [name, { ...tensor, data }];
    }),
  );
}

/** Parameters that were not trained, such as the projections of BLIP's own training, stay as they were, so that the file keeps its layout. */
async function tunedModel(
  model: Model<'face-score'>,
  stored: ReadonlyMap<string, StoredTensor>,
  parameters: Tensors,
  trained: readonly string[],
  ctx: NodeContext,
): Promise<Model<'face-score'>> {
  const own = new Set(trained);
  const tensors = new Map([...stored].map(([name, tensor]) => [name, own.has(name) ? parameters[name]! : tensor] as const));
  const weights = { asset: await ctx.assets.write(safetensorsParts(tensors, { format: 'pt' }), 'application/x-safetensors') };
  return {
    ...model,
    name: `${model.name} (tuned)`,
    components: { ...model.components, face_score: { ...componentOf(model, 'face_score'), weights } },
  };
}
