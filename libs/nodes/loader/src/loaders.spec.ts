import { initialize, VisionTransformer } from '@facewright/models';
import { createRuntime } from '@facewright/runtime';
import { createRng } from '@facewright/tensor';
import { writeTinyModels } from '@facewright/pipelines/testing';
import { openDino, openFaceScore } from '@facewright/pipelines';
import { createFakeContext } from '@facewright/testing';
import { readSafetensorsHeader, readTensors, writeSafetensors } from '@facewright/weights';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run as loadDiffusion } from './load-diffusion.ts';
import { run as loadDino } from './load-dino.ts';
import { run as loadFaceDetector } from './load-face-detector.ts';
import { run as loadFaceScore } from './load-face-score.ts';
import { run as loadFeatures } from './load-features.ts';
import { run as loadLora } from './load-lora.ts';

const runtime = await createRuntime({ provider: 'null' });
const ctx = createFakeContext({ openSession: runtime.open, provider: 'null' });
const tiny = join(ctx.folder(), 'tiny');
beforeAll(() => writeTinyModels(tiny));
afterAll(() => ctx.close());
let copies = 0;
/** A copy of the set, to be spoiled. */
async function copy(): Promise<string> {
  const folder = join(ctx.folder(), `copy-${copies++}`);
  await cp(tiny, folder, { recursive: true });
  return folder;
}
const open = (path: string) => loadDiffusion({ path, vae: undefined, prediction: 'auto' }, ctx);

describe('loading a diffusion model', () => {
  it('gives a handle with the configuration and the weight file of each component', async () => {
    const { model } = await open(`${tiny}/`);
    expect(model).toMatchObject({ family: 'diffusion', name: 'tiny', loras: [] });
    expect(Object.keys(model.components).sort()).toEqual(['scheduler', 'text_encoder', 'tokenizer', 'unet', 'vae']);
    expect(model.components['unet']!.config).toMatchObject({ sample_size: 4 });
    expect(model.components['unet']!.weights).toMatchObject({ path: join(tiny, 'unet/diffusion_pytorch_model.safetensors') });
    expect(Object.keys(model.components['tokenizer']!.files)).toEqual(['vocab.json', 'merges.txt']);
  });
  it('names all files that are missing at once', async () => {
    const folder = await copy();
    await Promise.all(
      ['vae/config.json', 'unet/diffusion_pytorch_model.safetensors', 'tokenizer/merges.txt'].map((file) => rm(join(folder, file))),
    );
    await expect(open(folder)).rejects.toMatchObject({
      code: 'LOADER_MISSING',
      message: expect.stringMatching(/unet\/diffusion[\s\S]*vae\/config\.json[\s\S]*merges\.txt/) as string,
    });
  });
  it('names all parameters that are missing, unexpected or misshapen in any component, and all values that are not supported', async () => {
    const folder = await copy();
    const file = join(folder, 'unet/diffusion_pytorch_model.safetensors');
    const tensors = await readTensors((await readSafetensorsHeader(file)).tensors);
    tensors.set('stranger', tensors.get('conv_in.bias')!);
    tensors.set('conv_out.bias', { dtype: 'float32', dims: [3], data: new Float32Array(3) });
    tensors.delete('conv_in.weight');
    await writeSafetensors(file, tensors);
    await writeFile(join(folder, 'scheduler/scheduler_config.json'), JSON.stringify({ beta_schedule: 'cosine' }));
    const message = await open(folder).then(
      () => '',
      (error: Error & { code: string }) => `${error.code} ${error.message}`,
    );
    for (const part of [
      'LOADER_MODEL',
      'missing: conv_in.weight',
      'unexpected: stranger',
      'misshapen: conv_out.bias is [3], expected [4]',
      'beta_schedule',
    ])
      expect(message).toContain(part);
  });
  it('says that nothing lies at a path, that a file is of another kind, and where JSON is broken', async () => {
    await expect(open('models/nowhere')).rejects.toMatchObject({ code: 'LOADER_NOT_FOUND' });
    await expect(open(join(tiny, 'model_index.json'))).rejects.toMatchObject({ code: 'LOADER_KIND' });
    const folder = await copy();
    await writeFile(join(folder, 'vae/config.json'), '{');
    await expect(open(folder)).rejects.toMatchObject({
      code: 'LOADER_JSON',
      message: expect.stringContaining('vae/config.json') as string,
    });
  });
  it('refuses a file of weights that is no checkpoint', async () => {
    await expect(open(join(tiny, 'unet/diffusion_pytorch_model.safetensors'))).rejects.toMatchObject({ code: 'MODELS_INPUT' });
  });
  it('takes a VAE of its own, and what the U-Net predicts, when told', async () => {
    const { model } = await loadDiffusion({ path: tiny, vae: undefined, prediction: 'v_prediction' }, ctx);
    expect(model.components['scheduler']!.config).toMatchObject({ prediction_type: 'v_prediction', beta_schedule: 'scaled_linear' });
    await expect(
      loadDiffusion({ path: tiny, vae: join(tiny, 'unet/diffusion_pytorch_model.safetensors'), prediction: 'auto' }, ctx),
    ).rejects.toMatchObject({
      code: 'LOADER_MODEL',
      message: expect.stringContaining('VAE') as string,
    });
  });
});

describe('loading a LoRA', () => {
  it('adds it to the handle, or names what does not fit the model', async () => {
    const { model } = await open(tiny);
    const [path, layer] = [join(tiny, 'lora.safetensors'), 'unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q'];
    const factor = (dims: number[]) => ({ dtype: 'float32' as const, dims, data: new Float32Array(dims[0]! * dims[1]!) });
    await writeSafetensors(
      path,
      new Map([
        [`${layer}.lora_A.weight`, factor([2, 16])],
        [`${layer}.lora_B.weight`, factor([16, 2])],
      ]),
    );
    const added = await loadLora({ model, path, strength: 0.7, textStrength: undefined }, ctx);
    expect(added.model.loras).toEqual([{ name: 'lora.safetensors', weights: await ctx.files.ref(path), strength: 0.7 }]);
    await writeSafetensors(
      path,
      new Map([
        [`${layer}.lora_A.weight`, factor([2, 15])],
        [`${layer}.lora_B.weight`, factor([16, 2])],
      ]),
    );
    await expect(loadLora({ model, path: tiny, strength: 1, textStrength: undefined }, ctx)).rejects.toMatchObject({ code: 'LOADER_KIND' });
    await expect(loadLora({ model, path, strength: 1, textStrength: undefined }, ctx)).rejects.toMatchObject({
      code: 'WEIGHTS_LORA',
      message: expect.stringContaining('[2, 15]') as string,
    });
  });
});

describe('loading a face score', () => {
  it('finds it in a model set or in its own folder', async () => {
    const [set, own] = [await loadFaceScore({ path: tiny }, ctx), await loadFaceScore({ path: join(tiny, 'face_score') }, ctx)];
    expect(set.model.components).toEqual(own.model.components);
    expect(set.model).toMatchObject({
      family: 'face-score',
      components: { face_score: { files: { 'vocab.txt': { path: join(tiny, 'face_score/vocab.txt') } } } },
    });
  });
  it('takes the file of the authors with what lies beside it, also under the names that distributed training gives', async () => {
    const folder = await copy();
    const weights = await readTensors((await readSafetensorsHeader(join(tiny, 'face_score/model.safetensors'))).tensors);
    const file = join(folder, 'FS_model.safetensors');
    await writeSafetensors(file, new Map([...weights].map(([name, tensor]) => [`module.${name}`, tensor])));
    await cp(join(tiny, 'face_score/config.json'), join(folder, 'med_config.json'));
    await expect(loadFaceScore({ path: file }, ctx)).rejects.toMatchObject({ code: 'LOADER_MISSING' });
    await cp(join(tiny, 'face_score/vocab.txt'), join(folder, 'vocab.txt'));
    const { model } = await loadFaceScore({ path: file }, ctx);
    expect(model.name).toBe('FS_model');
    const { score } = await openFaceScore(model, ctx);
    const crop = { width: 4, height: 4, channels: 3 as const, data: new Uint8Array(48).fill(90) };
    expect(await score([crop], 'a face .')).toHaveLength(1);
  });
  it('takes the configuration that lies beside a file, that of the authors where there is none of a face score, and names every parameter that differs', async () => {
    const folder = await copy();
    const file = join(folder, 'face_score/model.safetensors');
    expect((await loadFaceScore({ path: file }, ctx)).model.components).toMatchObject({ face_score: { config: { head_sizes: {} } } });
    // that of another model
    await cp(join(tiny, 'unet/config.json'), join(folder, 'face_score/config.json'));
    await expect(loadFaceScore({ path: file }, ctx)).rejects.toMatchObject({
      code: 'MODELS_WEIGHTS',
      message: expect.stringMatching(
        /missing: blip\.visual_encoder\.blocks\.1\.[\s\S]*cls_token is \[1, 1, 8\], expected \[1, 1, 1024\]/,
      ) as string,
    });
  });
  it('says what is missing, and how to get a model', async () => {
    await expect(loadFaceScore({ path: join(tiny, 'scheduler') }, ctx)).rejects.toMatchObject({
      code: 'LOADER_MISSING',
      message: expect.stringContaining('FS_model.pt') as string,
    });
    await expect(loadFaceScore({ path: join(tiny, 'ImageReward.pt') }, ctx)).rejects.toMatchObject({
      code: 'LOADER_NOT_FOUND',
      message: expect.stringContaining('facewright models pull face-score') as string,
    });
  });
  it('asks which one where a folder has several', async () => {
    const folder = await copy();
    for (const name of ['a', 'b']) await cp(join(tiny, 'face_score/model.safetensors'), join(folder, 'scheduler', `${name}.safetensors`));
    await expect(loadFaceScore({ path: join(folder, 'scheduler') }, ctx)).rejects.toMatchObject({ code: 'LOADER_KIND' });
  });
});

describe('loading a network file', () => {
  it('opens the detector and the feature network of a model set', async () => {
    expect((await loadFaceDetector({ path: tiny }, ctx)).model.components['detector']!.weights).toMatchObject({
      path: join(tiny, 'face_detector/face_detector.onnx'),
    });
    expect(ctx.said.logs.at(-1)!.message).toContain('YuNet');
    expect((await loadFeatures({ path: tiny }, ctx)).model.family).toBe('features');
    expect(ctx.said.logs.at(-1)!.message).toContain('4 numbers');
  });
  it('refuses a network of another kind, and a file that is none', async () => {
    await expect(loadFaceDetector({ path: join(tiny, 'features/features.onnx') }, ctx)).rejects.toMatchObject({
      code: 'PIPELINES_DETECTOR',
    });
    await expect(loadFeatures({ path: join(tiny, 'face_detector/face_detector.onnx') }, ctx)).rejects.toMatchObject({
      code: 'PIPELINES_NETWORK',
    });
    const noNetwork = join(tiny, 'model_index.json');
    for (const load of [loadFaceDetector, loadFeatures])
      await expect(load({ path: noNetwork }, ctx)).rejects.toMatchObject({
        code: 'ONNX_MALFORMED',
        message: expect.stringContaining(`${noNetwork}: ONNX file, byte 0`) as string,
      });
    await expect(loadFeatures({ path: join(tiny, 'unet') }, ctx)).rejects.toMatchObject({ code: 'LOADER_MISSING' });
    await expect(loadFaceDetector({ path: join(tiny, 'face_detection_yunet.onnx') }, ctx)).rejects.toMatchObject({
      code: 'LOADER_NOT_FOUND',
      message: expect.stringContaining('facewright models pull yunet') as string,
    });
  });
});

describe('loading DINO', () => {
  const config = { imageSize: 16, patchSize: 8, width: 8, mlpWidth: 12, layers: 1, heads: 1, normEpsilon: 1e-6 };
  const tensors = initialize(new VisionTransformer(config), createRng(5));
  it('takes the file of the authors, or a folder whose config.json says what tensors do not', async () => {
    const folder = join(ctx.folder(), 'dino-set');
    await mkdir(join(folder, 'dino'), { recursive: true });
    const file = join(folder, 'dino_tiny.safetensors');
    await writeSafetensors(file, new Map([...tensors].map(([name, tensor]) => [`teacher.backbone.${name}`, tensor])));
    const { model } = await loadDino({ path: file }, ctx);
    expect(model).toMatchObject({ family: 'dino', name: 'dino_tiny' });
    expect((await openDino(model, ctx)).config).toEqual(config);
    await writeSafetensors(join(folder, 'dino/model.safetensors'), tensors);
    await writeFile(join(folder, 'dino/config.json'), JSON.stringify({ model_type: 'vit', num_attention_heads: 4, layer_norm_eps: 1e-5 }));
    const set = (await loadDino({ path: folder }, ctx)).model;
    expect((await openDino(set, ctx)).config).toEqual({ ...config, heads: 4, normEpsilon: 1e-5 });
    expect((await loadDino({ path: join(folder, 'dino') }, ctx)).model.components).toEqual(set.components);
  });
  it('says what is missing and how to get it, what a file of another kind holds, and which of several it cannot choose', async () => {
    await expect(loadDino({ path: 'features/dino_deitsmall16_pretrain.pth' }, ctx)).rejects.toMatchObject({
      code: 'LOADER_NOT_FOUND',
      message: expect.stringMatching(
        /dino_deitsmall16_pretrain\.pth of facebookresearch\/dino.*facewright models pull dino-small16/,
      ) as string,
    });
    await expect(loadDino({ path: join(tiny, 'scheduler') }, ctx)).rejects.toMatchObject({ code: 'LOADER_MISSING' });
    await expect(loadDino({ path: join(tiny, 'vae/diffusion_pytorch_model.safetensors') }, ctx)).rejects.toMatchObject({
      code: 'MODELS_INPUT',
    });
    const folder = await copy();
    for (const name of ['a', 'b']) await writeSafetensors(join(folder, 'scheduler', `${name}.safetensors`), tensors);
    await expect(loadDino({ path: join(folder, 'scheduler') }, ctx)).rejects.toMatchObject({ code: 'LOADER_KIND' });
  });
});
