import type { Model } from '@facewright/core';
import {
  bind,
  ClipText,
  inMemory,
  parseAutoencoderConfig,
  parseClipTextConfig,
  parseUNetConfig,
  storedWeights,
  unetGraph,
  vaeDecodeGraph,
  vaeEncodeGraph,
  type Json,
} from '@facewright/models';
import { buildModel, input, op, type Value } from '@facewright/onnx';
import { drawGroup, openDiffusion } from '@facewright/pipelines';
import { writeTinyModels } from '@facewright/pipelines/testing';
import { createRuntime } from '@facewright/runtime';
import { createRng, toFloat32, type DType, type ImageBuffer, type Tensor } from '@facewright/tensor';
import { createFakeContext } from '@facewright/testing';
import { openTensorFile, readTensors, writeSafetensors } from '@facewright/weights';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run as loadDiffusion } from './load-diffusion.ts';
import { run as loadEmbedding } from './load-embedding.ts';
import { run as loadLora } from './load-lora.ts';
import { writeTorchZip } from '@facewright/weights/testing/write-torch-zip';

const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
const tiny = join(ctx.folder(), 'tiny');
let picture: ImageBuffer;
beforeAll(async () => {
  await writeTinyModels(tiny);
  picture = await draw(tiny);
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});

const load = async (path: string) => (await loadDiffusion({ path, vae: undefined, prediction: 'auto' }, ctx)).model;
async function drawWith(handle: Model<'diffusion'>): Promise<ImageBuffer> {
  const model = await openDiffusion(handle, ctx, { batch: 2 });
  const settings = {
    steps: 3,
    guidance: 4,
    guidanceRescale: 0,
    negativePrompt: 'blurry',
    scheduler: 'ddim',
    sigmas: 'default',
    clipSkip: 1,
  } as const;
  const clean = await model.encodeImages([{ width: 16, height: 16, channels: 3, data: new Uint8Array(768).fill(90) }]);
  const [image] = await drawGroup({
    model,
    settings,
    rows: [{ text: 'a face of a woman', rng: createRng(4) }],
    size: [4, 4],
    strength: 0.9,
    over: { clean },
    onStep: async () => {},
  });
  return image!;
}
const draw = async (path: string) => drawWith(await load(path));
const furthest = (a: ImageBuffer, b: ImageBuffer) => Math.max(...a.data.map((x, i) => Math.abs(x - b.data[i]!)));

const weightFiles = {
  unet: 'diffusion_pytorch_model.safetensors',
  vae: 'diffusion_pytorch_model.safetensors',
  text_encoder: 'model.safetensors',
} as const;
const parts = Object.entries(weightFiles);
/** A copy of the folder in which `change` has been at work on every file of weights. */
async function copy(name: string, change: (file: string, tensors: Map<string, Tensor>) => Promise<void>): Promise<string> {
  const folder = join(ctx.folder(), name);
  await cp(tiny, folder, { recursive: true });
  for (const [part, weights] of parts) {
    const file = join(folder, part, weights);
    const tensors = await readTensors((await openTensorFile(file)).tensors);
    await rm(file);
    await change(file, tensors);
  }
  return folder;
}
const half = ({ dims, data }: Tensor): Tensor => ({
  dtype: 'float16',
  dims,
  data: new Uint16Array(Float16Array.from(data as Float32Array).buffer),
});
/** The upper half of a float32, cut off. */
const brain = ({ dims, data }: Tensor): Tensor => ({
  dtype: 'bfloat16',
  dims,
  data: Uint16Array.from(new Uint32Array((data as Float32Array).slice().buffer), (bits) => bits >>> 16),
});
const each = (tensors: Map<string, Tensor>, change: (tensor: Tensor) => Tensor) =>
  new Map([...tensors].map(([name, tensor]) => [name, change(tensor)]));
const bytes = ({ data }: Tensor) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const torch = (file: string, tensors: Map<string, Tensor>, under?: string) =>
  writeTorchZip(
    file,
    new Map([...tensors].map(([name, tensor]) => [name, { dtype: tensor.dtype, shape: tensor.dims, data: bytes(tensor) }])),
    under === undefined ? {} : { under },
  );

describe('a folder in the diffusers layout draws the same picture', () => {
  it.each<[DType, (tensor: Tensor) => Tensor]>([
    ['float16', half],
    ['bfloat16', brain],
  ])('from weights in %s as from the same numbers in float32', async (dtype, narrow) => {
    const narrowed = await draw(await copy(dtype, (file, tensors) => writeSafetensors(file, each(tensors, narrow))));
    const widened = await copy(`${dtype}-wide`, (file, tensors) =>
      writeSafetensors(
        file,
        each(tensors, (t) => toFloat32('', narrow(t))),
      ),
    );
    // the same numbers, whose sums may end in another last bit
    expect(furthest(narrowed, await draw(widened))).toBeLessThanOrEqual(1);
    expect(furthest(narrowed, picture)).toBeLessThan(dtype === 'float16' ? 4 : 40);
  });
  it('from files that PyTorch saved, bare or under state_dict, and from files that say fp16 in their names', async () => {
    const bin = await copy('bin', (file, tensors) => torch(file.replace('model.safetensors', 'model.bin'), tensors));
    await rename(join(bin, 'text_encoder/model.bin'), join(bin, 'text_encoder/pytorch_model.bin'));
    expect(await draw(bin)).toEqual(picture);
    const wrapped = await copy('wrapped', (file, tensors) => torch(file.replace('safetensors', 'bin'), tensors, 'state_dict'));
    expect(await draw(wrapped)).toEqual(picture);
    const named = await copy('named', (file, tensors) => writeSafetensors(file.replace('.safetensors', '.fp16.safetensors'), tensors));
    expect(await draw(named)).toEqual(picture);
    const both = await copy('both-names', (file, tensors) => torch(file.replace('.safetensors', '.fp16.bin'), tensors));
    await rename(join(both, 'text_encoder/model.fp16.bin'), join(both, 'text_encoder/pytorch_model.fp16.bin'));
    expect(await draw(both)).toEqual(picture);
  });
  it('from an autoencoder with the attention names of before diffusers 0.15', async () => {
    const old = { to_q: 'query', to_k: 'key', to_v: 'value', 'to_out.0': 'proj_attn' };
    const folder = await copy('old', (file, tensors) =>
      writeSafetensors(
        file,
        new Map(
          [...tensors].map(([name, tensor]) => [
            file.includes('/vae/') ? name.replace(/(to_[qkv]|to_out\.0)\./, (_, now: keyof typeof old) => `${old[now]}.`) : name,
            tensor,
          ]),
        ),
      ),
    );
    expect([...(await openTensorFile(join(folder, 'vae', weightFiles.vae))).tensors.keys()].join()).toContain('.proj_attn.');
    expect(await draw(folder)).toEqual(picture);
  });
});

/** A folder as optimum exports it: graphs with its names, of the sizes that the spec draws. */
async function exported(name: string, from = tiny): Promise<string> {
  const folder = join(ctx.folder(), name);
  await cp(from, folder, { recursive: true });
  const weights = async (part: string, file: string) =>
    storedWeights(inMemory(await readTensors((await openTensorFile(join(from, part, file))).tensors)));
  const config = async (part: string) => JSON.parse(await readFile(join(from, part, 'config.json'), 'utf8')) as Json;
  const write = async (part: string, graph: Record<string, Value>) => {
    await mkdir(join(folder, part), { recursive: true });
    await writeFile(join(folder, part, 'model.onnx'), buildModel(graph, { inline: true }).bytes);
  };
  const [unet, vae] = [parseUNetConfig(await config('unet')), parseAutoencoderConfig(await config('vae'))];
  const [one, two] = [
    { batch: 1, height: 16, width: 16 },
    { batch: 2, tokens: 12 },
  ];
  const [unetWeights, vaeWeights] = [await weights('unet', weightFiles.unet), await weights('vae', weightFiles.vae)];
  await write('unet', { out_sample: unetGraph(unet, { ...two, height: 4, width: 4 }, unetWeights).prediction });
  for (const part of unet.addition ? ['text_encoder', 'text_encoder_2'] : ['text_encoder']) {
    const text = parseClipTextConfig(await config(part));
    const module = new ClipText(text);
    const bound = bind(module, await weights(part, weightFiles.text_encoder));
    const ids = input('input_ids', 'int64', [two.batch, two.tokens]);
    // the end has the largest id
    const poolIndex = op.ArgMax([ids], { axis: 1, keepdims: false });
    const { hidden, pooled } = module.forward(bound, ids, { poolIndex });
    const before = Array.from({ length: text.layers + 1 }, (_, skip): [string, Value] => [
      `hidden_states.${text.layers - skip}`,
      module.forward(bound, ids, { skip, finalNorm: false }).hidden,
    ]);
    await write(part, {
      last_hidden_state: hidden,
      [part === 'text_encoder_2' ? 'text_embeds' : 'pooler_output']: pooled!,
      ...(unet.addition && Object.fromEntries(before)),
    });
    await rm(join(folder, part, weightFiles.text_encoder));
  }
  const { mean, logvar } = vaeEncodeGraph(vae, one, vaeWeights);
  await write('vae_encoder', { latent_parameters: op.Concat([mean, logvar], { axis: 1 }) });
  await write('vae_decoder', { sample: vaeDecodeGraph(vae, one, vaeWeights).sample });
  await cp(join(from, 'vae/config.json'), join(folder, 'vae_decoder/config.json'));
  await rm(join(folder, 'vae'), { recursive: true });
  await rm(join(folder, 'unet', weightFiles.unet));
  return folder;
}

describe('a folder of exported graphs', () => {
  it('draws what the folder of weights draws', async () => {
    const handle = await load(await exported('onnx'));
    expect(handle.components['unet']!.format).toBe('onnx');
    expect(furthest(await drawWith(handle), picture)).toBeLessThanOrEqual(1);
  });
  it('of Stable Diffusion XL too, whose texts are read before the last layer', async () => {
    const xl = join(ctx.folder(), 'xl');
    await writeTinyModels(xl, { kind: 'sdxl' });
    const handle = await load(await exported('onnx-xl', xl));
    expect(handle.architecture).toBe('stable-diffusion-xl');
    const drawn = await draw(xl);
    expect(furthest(await drawWith(handle), drawn)).toBeLessThanOrEqual(1);
    expect(furthest(drawn, picture)).toBeGreaterThan(10);
  });
  it('that also has the weights is read by its weights, which take LoRAs and any size', async () => {
    const folder = await exported('both');
    await cp(tiny, folder, { recursive: true });
    const handle = await load(folder);
    expect(Object.values(handle.components).filter(({ format }) => format === 'onnx')).toEqual([]);
    expect(await drawWith(handle)).toEqual(picture);
  });
  it('refuses what is added to weights, instead of leaving it out', async () => {
    const model = await load(await exported('onnx-bare'));
    const path = join(ctx.folder(), 'any.safetensors');
    await writeSafetensors(path, new Map([['emb_params', { dtype: 'float32', dims: [1, 8], data: new Float32Array(8) }]]));
    const refused = (what: string) => ({
      code: 'PIPELINES_EXPORTED',
      message: `onnx-bare: expected a model whose weights are at hand, as ${what} needs, got finished ONNX graphs (unet, text_encoder, vae_encoder, vae_decoder)`,
    });
    await expect(loadLora({ model, path, strength: 1, textStrength: undefined }, ctx)).rejects.toMatchObject(refused('a LoRA'));
    await expect(loadEmbedding({ model, path, word: 'easy' }, ctx)).rejects.toMatchObject(refused('a textual inversion'));
    await expect(loadDiffusion({ path: join(ctx.folder(), 'onnx-bare'), vae: path, prediction: 'auto' }, ctx)).rejects.toMatchObject({
      code: 'LOADER_KIND',
    });
  });
});
