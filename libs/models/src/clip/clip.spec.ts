// CLIP with both halves and the aesthetic head against open_clip, transformers and PyTorch (tools/reference/clip.py), and against the names of published files.
import { buildModel, type Value } from '@facewright/onnx';
import { createRuntime } from '@facewright/runtime';
import { float32, int64, type Shape, type Tensors } from '@facewright/tensor';
import { openTensorFile } from '@facewright/weights';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import fixture from '../fixtures/clip.json' with { type: 'json' };
import {
  aestheticConfigOf,
  aestheticGraph,
  AestheticHead,
  checkWeights,
  clipVisionGraph,
  inMemory,
  parseClipConfig,
  splitClip,
  storedWeights,
  textGraph,
  type StoredTensor,
} from '../index.ts';
import { relativeError } from '../reference/fixture.ts';
import { hashedTensor, hashedWeight } from '../reference/hashed-tensor.ts';

const shared = join(import.meta.dirname, '../../../../../shared/data');
const headFile = join(shared, 'weights/aesthetic_l14_linearMSE.pth');
for (const missing of [join(shared, 'keys'), headFile].filter((path) => !existsSync(path)))
  console.warn(`\n*** SKIPPED: published names and weights are not at ${missing} ***\n`);

const runtime = await createRuntime({ provider: 'cpu' });
async function run(outputs: Readonly<Record<string, Value>>, feeds: Tensors): Promise<Tensors> {
  const session = await runtime.open(buildModel(outputs));
  const result = await session.run(feeds);
  await session.release();
  return result;
}
/** Both sides compute in float32, in another order: about ten rounding steps of 6e-8, amplified by normalisation. */
const tolerance = 5e-6;
const hashedFile = (shapes: Readonly<Record<string, unknown>>): Map<string, StoredTensor> =>
  inMemory(new Map(Object.entries(shapes).map(([name, shape]) => [name, hashedWeight(name, shape as number[])])));

describe.each([{ fused: false }, { fused: true }])('CLIP, with fused attention: $fused', (options) => {
  it.each(fixture.cases.models)('as $name has it agrees with its reference', async ({ activation, heads, tensors, ...reference }) => {
    const split = splitClip('file', hashedFile(tensors), {
      json: heads,
      ...(activation !== null && { activation: activation as 'gelu' }),
    });
    const { vision, text } = parseClipConfig(split.config);
    const { image_embeds: image } = await run(
      { ...clipVisionGraph(vision, { batch: 3 }, storedWeights(split.vision), options) },
      { pixel_values: hashedTensor('pixel_values', [3, 3, vision.imageSize, vision.imageSize]) },
    );
    expect(relativeError(image, reference.image_embeds)).toBeLessThan(tolerance);
    const { pooled } = await run(
      { ...textGraph(text, { batch: 3, tokens: 8 }, storedWeights(split.text), { ...options, pooled: true }) },
      { input_ids: int64([3, 8], reference.input_ids.flat()), pool_index: int64([3], reference.pool_index) },
    );
    expect(relativeError(pooled, reference.text_embeds)).toBeLessThan(tolerance);
  });
});

describe('a file of CLIP', () => {
  const [openai] = fixture.cases.models;
  it('that lacks, misshapes or adds tensors is refused with all of them, by its own names', () => {
    const file = hashedFile(openai!.tensors);
    file.delete('visual.transformer.resblocks.1.attn.in_proj_weight');
    file.delete('ln_final.weight');
    file.set('stranger', file.get('ln_final.bias')!);
    file.set('visual.ln_post.bias', { ...file.get('visual.ln_post.bias')!, shape: [3] });
    expect(() => splitClip('hps.pt', file)).toThrow(
      /hps\.pt[\s\S]*4 that differ[\s\S]*missing: visual\.transformer\.resblocks\.1\.attn\.in_proj_weight[\s\S]*missing: ln_final\.weight[\s\S]*visual\.ln_post\.bias is \[3\], expected \[16\][\s\S]*unexpected: stranger/,
    );
  });
  it('of another kind, or of one half, is refused', () => {
    expect(() => splitClip('x.pt', hashedFile({ 'conv.weight': [2, 2] }))).toThrow(/expected CLIP with its picture half/);
    const half = hashedFile(Object.fromEntries(Object.entries(openai!.tensors).filter(([name]) => name.startsWith('visual.'))));
    expect(() => splitClip('x.pt', half)).toThrow(/missing: token_embedding\.weight/);
  });
});

describe.skipIf(!existsSync(join(shared, 'keys')))('published files of CLIP', () => {
  const keys = (file: string) =>
    new Map(
      readFileSync(join(shared, 'keys', file), 'utf8')
        .trim()
        .split('\n')
        .map((line): [string, StoredTensor] => {
          const [name = '', shape = '[]'] = line.split('\t');
          const dims = JSON.parse(shape) as Shape;
          return [name, { kind: 'file', file, offset: 0, length: 4 * dims.reduce((a, b) => a * b, 1), dtype: 'float32', shape: dims }];
        }),
    );
  it.each([
    [
      'clip_vitl14_openai_keys.txt',
      446,
      { width: 1024, layers: 24, heads: 16, imageSize: 224, patchSize: 14, activation: 'quick_gelu', projection: 768 },
      12,
    ],
    [
      'hpsv2_vith14_keys.txt',
      686,
      { width: 1280, layers: 32, heads: 16, imageSize: 224, patchSize: 14, activation: 'gelu', projection: 1024 },
      16,
    ],
  ] as const)('fit in every name and shape: %s', (file, count, vision, textHeads) => {
    const list = keys(file);
    expect(list.size).toBe(count);
    const parsed = parseClipConfig(splitClip(file, list).config);
    expect(parsed.vision).toMatchObject(vision);
    expect(parsed.text).toMatchObject({ heads: textHeads, maxTokens: 77, vocabSize: 49408, activation: vision.activation });
  });
});

describe('the aesthetic head', () => {
  it.each(fixture.cases.heads)('with $name layers agrees with PyTorch', async ({ tensors, score }) => {
    const file = hashedFile(tensors);
    const config = aestheticConfigOf('head.pth', file);
    checkWeights(new AestheticHead(config), file, { file: 'head.pth' });
    const result = await run(
      { ...aestheticGraph(config, { batch: 3 }, storedWeights(file)) },
      { image_embeds: hashedTensor('image_embeds', [3, 6]) },
    );
    expect(relativeError(result['score'], score)).toBeLessThan(tolerance);
  });
  it('of another kind is refused', () => {
    expect(() => aestheticConfigOf('x.pth', hashedFile({ 'conv.weight': [2, 2] }))).toThrow(
      /x\.pth: expected the head of an aesthetic predictor/,
    );
  });
  it.skipIf(!existsSync(headFile))('that is published gives what its layers collapse to', async () => {
    const { tensors } = await openTensorFile(headFile);
    const config = aestheticConfigOf(headFile, tensors);
    expect(config).toEqual({ sizes: [768, 1024, 128, 64, 16, 1], relu: false });
    // nothing, a unit vector, and all directions alike
    const rows = float32(
      [3, 768],
      Float32Array.from({ length: 3 * 768 }, (_, i) => (i < 768 ? 0 : i < 1536 ? Number(i === 768) : 768 ** -0.5)),
    );
    const { score } = await run({ ...aestheticGraph(config, { batch: 3 }, storedWeights(tensors)) }, { image_embeds: rows });
    const want = [5.23664585, 4.5450524, 4.88328485];
    // sums of a thousand float32 products of about 1
    want.forEach((value, i) => expect(Math.abs(Number(score!.data[i]) - value)).toBeLessThan(1e-5));
  });
});
