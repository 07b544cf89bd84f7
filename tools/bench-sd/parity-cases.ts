// Facewright's side of the comparison with diffusers: every case is computed from the inputs that the reference file holds.
import type { Model } from '@facewright/core';
import {
  createSampler,
  parseClipTextConfig,
  samplerKinds,
  storedWeights,
  vaeDecodeGraph,
  vaeEncodeGraph,
  type SamplerKind,
} from '@facewright/models';
import { buildModel, type Value } from '@facewright/onnx';
import {
  componentOf,
  componentWeights,
  conditioningRows,
  denoise,
  openClipTokenizer,
  type Conditioning,
  type DiffusionModel,
} from '@facewright/pipelines';
import type { Tensor, Tensors } from '@facewright/tensor';
import { difference, type Difference } from './difference.ts';
import { openModel, type Studio } from './pipeline.ts';

type Floats = Tensor<'float32'>;
export type Reference = ReadonlyMap<string, Tensor>;

/** What both sides are told. */
export const parityRequest = {
  /** For the tokenizer: cut, spaces, marks, scripts, what is no text. */
  prompts: [
    '',
    'a portrait photo of an old fisherman, soft light',
    "It's  the   artist's STUDIO; 1990s, f/1.8 & 85mm!",
    'naïve café, Ærøskøbing, ÅNGSTRÖM, straße',
    '赤い髪の女性の肖像、水彩画',
    'портрет женщины 👩🏽‍🦰 with emoji 🎨',
    `a very long prompt ${'with many more words '.repeat(30)}`,
    '<|endoftext|> in the middle <|startoftext|>',
  ],
  /** For the text encoder: within its length. */
  short: ['a portrait photo of an old fisherman, soft light', ''],
  negative: 'blurry, deformed',
  guidance: 7.5,
  steps: 5,
  samplers: samplerKinds,
} as const;

export interface ParityRow extends Difference {
  readonly name: string;
  /** Largest `relative` that is accepted, and why. */
  readonly tolerance: number;
  readonly why: string;
}

/** Largest `relative`, and why. Each is about ten times what the tiny trained model or the random checkpoint gives at most. */
const tolerances = {
  tokens: { tolerance: 0, why: 'ids are whole numbers' },
  text: { tolerance: 5e-5, why: 'float32 sums in another order, through 12 layers of at most 3072 terms a sum' },
  unet: { tolerance: 2e-4, why: 'float32 sums in another order, through a U-Net whose convolutions sum up to 23,040 terms' },
  vae: {
    tolerance: 1e-3,
    why: 'float32 sums in another order over whole pictures: the largest of 786,432 differences counts, and norms over groups of up to 2 million values',
  },
  walk: {
    tolerance: 1e-3,
    why: 'as one call, carried through several steps, each of which feeds the next; guidance of 7.5 makes it larger',
  },
} as const;

/** Sizes in latents come with the reference. */
export interface Cases {
  readonly studio: Studio;
  readonly handle: Model<'diffusion'>;
  readonly reference: Reference;
  /** Where the reference has put its LoRA files. */
  readonly folder: string;
  /** Told each row as it comes. */
  log(row: ParityRow): void;
}

const floats = (reference: Reference, name: string): Floats => {
  const tensor = reference.get(name);
  if (tensor?.dtype !== 'float32') throw new Error(`reference: expected float32 ${name}, got ${tensor?.dtype ?? 'nothing'}`);
  return tensor as Floats;
};

const text = (tensor: Floats): Conditioning => ({ text: tensor, pooled: null });

async function predictOnce(model: DiffusionModel, reference: Reference, inputs: string): Promise<Floats> {
  const of = (name: string) => floats(reference, `${inputs}.${name}`);
  return model.predict({ latents: of('sample'), timestep: [...of('timestep').data], conditioning: text(of('text')) });
}

/** One call of a U-Net, for a checkpoint of which nothing else is compared. */
export async function unetCase({ studio, handle, reference, log }: Cases, name: string): Promise<ParityRow[]> {
  const predicted = await predictOnce(await openModel(handle, studio.ctx), reference, 'unet');
  const row = { name, ...difference(name, predicted.data, floats(reference, 'unet.out')), ...tolerances.unet };
  log(row);
  return [row];
}

export async function allCases({ studio, handle, reference, folder, log }: Cases): Promise<ParityRow[]> {
  const { ctx } = studio;
  const model = await openModel(handle, ctx);
  const rows: ParityRow[] = [];
  const compare = (name: string, ours: Float32Array, expected: Tensor, kind: keyof typeof tolerances) => {
    const row = { name, ...difference(name, ours, expected), ...tolerances[kind] };
    rows.push(row);
    log(row);
  };

  const ids = reference.get('tokens')!;
  const tokenizer = await openClipTokenizer(handle, 'tokenizer', ids.dims[1]!, ctx);
  compare(
    `tokens of ${parityRequest.prompts.length} prompts`,
    Float32Array.from(tokenizer.encode(parityRequest.prompts).ids.data, Number),
    { dtype: 'float32', dims: ids.dims, data: Float32Array.from(ids.data as BigInt64Array, Number) },
    'tokens',
  );
  for (const [name, expected] of reference) {
    const [, skip] = /^text\.(\d+)$/.exec(name) ?? [];
    if (skip === undefined) continue;
    const ours = await model.encodePrompts(parityRequest.short, Number(skip));
    compare(`text features, clip skip ${skip}`, ours.text.data, expected, 'text');
  }
  const { dims } = floats(reference, 'unet.sample');
  const base = await predictOnce(model, reference, 'unet');
  compare(`U-Net, latents ${dims.slice(2).join(' × ')}, two timesteps`, base.data, floats(reference, 'unet.out'), 'unet');

  const { mean, logvar, decoded } = await autoencoder(model, handle, studio, reference);
  compare('VAE encode, mean', mean!.data as Float32Array, floats(reference, 'vae.mean'), 'vae');
  compare('VAE encode, log variance', logvar!.data as Float32Array, floats(reference, 'vae.logvar'), 'vae');
  compare('VAE decode', decoded!.data as Float32Array, floats(reference, 'vae.decoded'), 'vae');

  const texts = await model.encodePrompts([parityRequest.negative, parityRequest.short[0]]);
  const noise = floats(reference, 'walk.noise');
  const { steps, guidance } = parityRequest;
  const walked = await denoise({
    model,
    sampler: createSampler('ddim', model.schedule, steps),
    first: 0,
    latents: noise,
    conditioning: conditioningRows(texts, [1]),
    unconditional: conditioningRows(texts, [0]),
    guidance,
    rngs: [],
  });
  compare(
    `DDIM, ${steps} steps with guidance ${guidance}, latents ${noise.dims.slice(2).join(' × ')}`,
    walked.data,
    floats(reference, 'walk.latents'),
    'walk',
  );

  for (const kind of parityRequest.samplers)
    compare(`${kind}, ${steps} steps`, await walk(kind, model, reference), floats(reference, `samplers.${kind}`), 'walk');

  for (const kind of ['kohya', 'peft'] as const) {
    const changed = await studio.load('facewright/load-lora', { model: handle, path: `${folder}/${kind}.safetensors`, strength: 1 });
    const predicted = await predictOnce(await openModel(changed, ctx), reference, 'unet');
    const { relative } = difference('LoRA', predicted.data, base);
    compare(
      `U-Net with a LoRA of ${kind}, which changes it by ${relative.toFixed(2)} deviations`,
      predicted.data,
      floats(reference, `lora.${kind}.out`),
      'unet',
    );
  }
  return rows;
}

/** The walk of one sampler over the U-Net, with the noise that the reference drew. */
async function walk(kind: SamplerKind, model: DiffusionModel, reference: Reference): Promise<Float32Array> {
  const sampler = createSampler(kind, model.schedule, parityRequest.steps);
  const start = floats(reference, 'samplers.start');
  const conditioning = text(floats(reference, 'samplers.text'));
  let drawn = 0;
  let x: Float32Array = start.data.map((value) => value * sampler.initialScale);
  for (const [step, timestep] of sampler.timesteps.entries()) {
    const predicted = await model.predict({ latents: { ...start, data: sampler.scaleInput(x, step) }, timestep, conditioning });
    x = sampler.step(predicted.data, x, step, () => floats(reference, `samplers.${kind}.noise.${drawn++}`).data);
  }
  return x;
}

/** The graphs of the autoencoder themselves: what is opened for nodes rounds pictures to bytes. */
async function autoencoder(
  model: DiffusionModel,
  handle: Model<'diffusion'>,
  { runtime, ctx }: Studio,
  reference: Reference,
): Promise<Tensors> {
  const weights = storedWeights(await componentWeights(handle, 'vae', ctx));
  const run = async (graph: Readonly<Record<string, Value>>, feeds: Tensors): Promise<Tensors> => {
    const session = await runtime.open(buildModel(graph));
    try {
      return await session.run(feeds);
    } finally {
      await session.release();
    }
  };
  const [sample, latents] = [floats(reference, 'vae.pixels'), floats(reference, 'vae.latents')];
  const [, , height = 0, width = 0] = sample.dims;
  const size = { batch: 1, height, width };
  const fused = { fused: runtime.provider === 'cpu' };
  const { sample: decoded } = await run(vaeDecodeGraph(model.vae, size, weights, fused), { latent_sample: latents });
  return { ...(await run(vaeEncodeGraph(model.vae, size, weights, fused), { sample })), decoded: decoded! };
}

/** Clip skips that both sides can compute. */
export const skipsOf = (handle: Model<'diffusion'>): number[] =>
  parseClipTextConfig(componentOf(handle, 'text_encoder').config).layers > 1 ? [1, 2] : [1];
export const schedulerOf = (handle: Model<'diffusion'>): Readonly<Record<string, unknown>> => componentOf(handle, 'scheduler').config;
