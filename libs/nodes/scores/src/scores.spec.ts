import type { Box, Face, Image } from '@facewright/core';
import { AestheticHead, ClipText, ClipVision, initialize, parseClipConfig, type Json } from '@facewright/models';
import { buildModel, input, op, parameter } from '@facewright/onnx';
import { clipVocabulary, openFaceScore } from '@facewright/pipelines';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createRuntime } from '@facewright/runtime';
import { createRng, float32, type Tensor } from '@facewright/tensor';
import { createFakeContext } from '@facewright/testing';
import { writeSafetensors } from '@facewright/weights';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run as aestheticScore } from './aesthetic-score.ts';
import { run as clipScore } from './clip-score.ts';
import { run as faceQuality } from './face-quality.ts';
import { run as hpsScore } from './hps-score.ts';
import { run as imageReward } from './image-reward.ts';
import { run as loadAesthetic } from './load-aesthetic.ts';
import { run as loadClip } from './load-clip.ts';
import { run as loadFaceQuality } from './load-face-quality.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
const folder = join(ctx.folder(), 'scorers');
const at = (name: string) => join(folder, name);

/** CLIP with one layer in each half, in the names of transformers. */
const half: Json = { intermediate_size: 16, num_hidden_layers: 1, num_attention_heads: 2, hidden_act: 'quick_gelu' };
const tinyClip: Json = {
  naming: 'transformers',
  projection_dim: 6,
  vision_config: { ...half, hidden_size: 8, image_size: 16, patch_size: 8 },
  text_config: { ...half, hidden_size: 8, max_position_embeddings: 12, vocab_size: Object.keys((await clipVocabulary()).vocab).length },
};
async function writeClip(name: string, json: Json, prefix = ''): Promise<void> {
  const { vision, text } = parseClipConfig(json);
  const tensors = new Map([...initialize(new ClipVision(vision), createRng(1)), ...initialize(new ClipText(text), createRng(2))]);
  await mkdir(at(name), { recursive: true });
  const all = new Map<string, Tensor>([...tensors].map(([key, tensor]) => [prefix + key, tensor]));
  await writeSafetensors(join(at(name), 'model.safetensors'), all.set(`${prefix}logit_scale`, float32([], [4.6])));
  await writeFile(join(at(name), 'config.json'), JSON.stringify(json));
}
/** The mean of an aligned face, red, green and blue one by one. */
function tinyQuality(width: number): Uint8Array {
  const colours = op.Reshape([op.ReduceMean([input('face', 'float32', [1, 3, 112, 112])], { axes: [2, 3] })], { shape: [1, 3] });
  const tensor = float32(
    [3, width],
    Float32Array.from({ length: 3 * width }, (_, i) => 1 + i),
  );
  return buildModel({ quality: op.MatMul([colours, parameter('weight', 'float32', [3, width], { kind: 'memory', tensor })]) }).bytes;
}
beforeAll(async () => {
  await writeTinyModels(folder);
  await writeClip('clip', tinyClip);
  await writeClip('wrapped', tinyClip, 'module.');
  await writeSafetensors(at('head.safetensors'), initialize(new AestheticHead({ sizes: [6, 8, 4, 1], relu: true }), createRng(3)));
  await writeSafetensors(at('wide.safetensors'), initialize(new AestheticHead({ sizes: [7, 8, 4, 1], relu: false }), createRng(4)));
  await writeFile(at('quality.onnx'), tinyQuality(1));
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});

const picture = (key: string, caption: string): Promise<Image> =>
  ctx.images.write(
    { width: 20, height: 30, channels: 3, data: Uint8Array.from({ length: 1800 }, (_, i) => (i * key.charCodeAt(0)) % 256) },
    { key, caption },
  );
const landmarks: Face['landmarks'] = [
  [5, 8],
  [14, 8],
  [10, 14],
  [6, 20],
  [13, 20],
];
const face = (box: Box, marks: Face['landmarks'] = landmarks): Face => ({ box, confidence: 1, landmarks: marks });
const found = async () => ({
  images: [
    { image: await picture('a', 'a man'), faces: [face([1, 1, 15, 20]), face([50, 50, 60, 60], [])] },
    { image: await picture('b', 'a sea'), faces: [] },
  ],
});
const pictures = async () => [await picture('a', 'a man'), await picture('b', 'a sea')];
const clip = async (name = 'clip') => (await loadClip({ path: at(name), activation: 'auto' }, ctx)).model;
const whole = async () => ({ faces: undefined, images: await pictures(), prompt: '', per: 'face' as const });
const each = async () => ({ faces: await found(), images: undefined, prompt: '', per: 'face' as const });
const values = ({ scores }: { readonly scores: { readonly rows: readonly { readonly score: number | null }[] } }) =>
  scores.rows.map(({ score }) => score);

describe('every score', () => {
  const nodes: readonly (readonly [
    string,
    (inputs: Awaited<ReturnType<typeof whole | typeof each>>) => ReturnType<typeof clipScore>,
    string,
    string,
  ])[] = [
    [
      'ImageReward',
      async (inputs) => imageReward({ ...inputs, prompt: 'a face .', model: (await tinyHandles(folder, ctx)).faceScore }, ctx),
      'ImageReward (tiny)',
      'LocalIR (tiny)',
    ],
    ['CLIP score', async (inputs) => clipScore({ ...inputs, model: await clip() }, ctx), 'CLIP score (clip)', 'Local CLIP score (clip)'],
    ['HPS', async (inputs) => hpsScore({ ...inputs, model: await clip(), version: 'v2' }, ctx), 'HPS v2 (clip)', 'LocalHPS v2 (clip)'],
    [
      'aesthetic score',
      async ({ faces, images, per }) =>
        aestheticScore(
          { model: (await loadAesthetic({ path: at('head.safetensors') }, ctx)).model, clip: await clip(), faces, images, per },
          ctx,
        ),
      'Aesthetic score (head)',
      'Local aesthetic score (head)',
    ],
  ];
  it.each(nodes)(
    'of pictures and of faces gives a row each, and none for a picture without a face: %s',
    async (_, score, metric, local) => {
      const table = await score(await whole());
      expect(table.scores).toMatchObject({ metric, higherIsBetter: true });
      expect(new Set(values(table)).size).toBe(2);
      const faces = await score(await each());
      expect(faces.scores.metric).toBe(local);
      expect(faces.scores.rows.map(({ image, face: at, score: value, note }) => [image.key, at, typeof value, note])).toEqual([
        ['a', 0, 'number', undefined],
        ['a', 1, 'object', 'the box lies outside the picture'],
        ['b', null, 'object', 'no face found'],
      ]);
      expect(values(faces)[0]).not.toBeCloseTo(values(table)[0]!, 6);
      await expect(score({ ...(await each()), images: await pictures() } as never)).rejects.toMatchObject({ code: 'SCORES_BOTH' });
    },
  );
});

describe('ImageReward', () => {
  it('is the reward of the model, moved and scaled as its authors do', async () => {
    const { faceScore } = await tinyHandles(folder, ctx);
    const inputs = { ...(await whole()), prompt: 'a face .', model: faceScore };
    const { score } = await openFaceScore(faceScore, ctx);
    const raw = await score(await Promise.all(inputs.images.map((image) => ctx.images.read(image))), 'a face .');
    const scaled = values(await imageReward(inputs, ctx));
    raw.forEach((value, i) => expect(scaled[i]).toBeCloseTo((value - 0.16717362830052426) / 1.0333394966054072, 6));
  });
});

describe('CLIP score and HPS', () => {
  it('compare each picture with its own caption, or with the prompt', async () => {
    const inputs = { ...(await whole()), model: await clip() };
    const [own, man] = [values(await clipScore(inputs, ctx)), values(await clipScore({ ...inputs, prompt: 'a man' }, ctx))];
    expect(own[0]).toBeCloseTo(man[0]!, 6);
    expect(Math.abs(own[1]! - man[1]!)).toBeGreaterThan(1e-4);
    for (const value of own) expect(Math.abs(value!)).toBeLessThanOrEqual(1 + 1e-6);
  });
  it('differ by how pictures are made smaller; the small models of v1 are told by their size', async () => {
    const inputs = { ...(await whole()), model: await clip() };
    const first = await hpsScore({ ...inputs, version: 'auto' }, ctx);
    expect(first.scores.metric).toBe('HPS v1 (clip)');
    expect(values(first)).toEqual(values(await clipScore(inputs, ctx)));
    const second = values(await hpsScore({ ...inputs, version: 'v2' }, ctx));
    expect(second).not.toEqual(values(first));
    second.forEach((value, i) => expect(Math.abs(value! - values(first)[i]!)).toBeLessThan(0.05));
  });
});

describe('the aesthetic score', () => {
  it('refuses a head for the features of another CLIP', async () => {
    const { model } = await loadAesthetic({ path: at('wide.safetensors') }, ctx);
    await expect(aestheticScore({ ...(await whole()), model, clip: await clip() }, ctx)).rejects.toMatchObject({
      code: 'SCORES_FIT',
      message: expect.stringContaining('features of width 7') as string,
    });
  });
});

describe('face quality', () => {
  it('scores aligned faces, and says which could not be aligned', async () => {
    const { model } = await loadFaceQuality({ path: at('quality.onnx') }, ctx);
    const { scores } = await faceQuality({ model, faces: await found(), per: 'face' }, ctx);
    expect(scores.metric).toBe('Face quality (quality)');
    expect(scores.rows.map(({ note }) => note)).toEqual([
      undefined,
      'the detector gave no landmarks to align the face by',
      'no face found',
    ]);
    const white = await ctx.images.write(
      { width: 20, height: 30, channels: 3, data: new Uint8Array(1800).fill(255) },
      { key: 'w', caption: '' },
    );
    // the aligned square of a wholly white picture has black where the picture ends: between -6 and 6 = 1 + 2 + 3
    const inside: Face['landmarks'] = landmarks.map(([x, y]) => [8 + x / 6, 10 + y / 6]);
    const all = await faceQuality(
      { model, faces: { images: [{ image: white, faces: [face([0, 0, 20, 30], inside), face([0, 0, 20, 30])] }] }, per: 'face' },
      ctx,
    );
    expect(values(all)[0]).toBeCloseTo(6, 4);
    expect(values(all)[1]).toBeLessThan(6);
  });
});

describe('loading a scorer', () => {
  it('takes CLIP as a folder or as a file, also under the names that distributed training gives', async () => {
    expect(await clip()).toMatchObject({ family: 'clip', name: 'clip', components: { clip: { config: { projection_dim: 6 } } } });
    const inputs = await whole();
    expect(values(await clipScore({ ...inputs, model: await clip('wrapped') }, ctx))).toEqual(
      values(await clipScore({ ...inputs, model: await clip() }, ctx)),
    );
    const { model } = await loadClip({ path: at('clip/model.safetensors'), activation: 'gelu' }, ctx);
    expect(model.components['clip']!.config['vision_config']).toMatchObject({ hidden_act: 'gelu', num_attention_heads: 1 });
  });
  it('says which file is missing and how to get it, and refuses files of another kind', async () => {
    await expect(loadClip({ path: at('HPS_v2.1_compressed.pt'), activation: 'auto' }, ctx)).rejects.toMatchObject({
      code: 'SCORER_MISSING',
      message: expect.stringMatching(/HPS_v2\.1_compressed\.pt[\s\S]*facewright models pull clip \(or hps\)/) as string,
    });
    await expect(loadAesthetic({ path: at('head.pth') }, ctx)).rejects.toMatchObject({
      code: 'SCORER_MISSING',
      message: expect.stringContaining('models pull aesthetic') as string,
    });
    await expect(loadFaceQuality({ path: at('none.onnx') }, ctx)).rejects.toMatchObject({ code: 'SCORER_MISSING' });
    await expect(loadFaceQuality({ path: at('features') }, ctx)).rejects.toMatchObject({
      code: 'SCORER_MISSING',
      message: expect.stringContaining('got a folder; facewright models pull ediffiqa') as string,
    });
    await expect(loadClip({ path: at('head.safetensors'), activation: 'auto' }, ctx)).rejects.toMatchObject({ code: 'MODELS_INPUT' });
    await expect(loadAesthetic({ path: at('clip/model.safetensors') }, ctx)).rejects.toMatchObject({ code: 'MODELS_INPUT' });
    await expect(loadFaceQuality({ path: at('features/features.onnx') }, ctx)).rejects.toMatchObject({ code: 'PIPELINES_NETWORK' });
  });
  it('says what to take instead of a TorchScript program', async () => {
    // torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), 'script.pt') of PyTorch 2.13
    await expect(loadClip({ path: join(import.meta.dirname, 'fixtures/script.pt'), activation: 'auto' }, ctx)).rejects.toMatchObject({
      code: 'SCORER_SCRIPT',
      message: expect.stringContaining('facewright models pull clip') as string,
    });
  });
  it('refuses CLIP with another vocabulary', async () => {
    await writeClip('other', { ...tinyClip, text_config: { ...(tinyClip['text_config'] as Json), vocab_size: 50 } });
    await expect(clipScore({ ...(await whole()), model: await clip('other') }, ctx)).rejects.toMatchObject({ code: 'SCORES_FIT' });
  });
});
