// DINO in both layouts: features against timm and transformers, names and shapes of the published sizes, and what is refused.
import { buildModel, constant, mseLoss } from '@facewright/onnx';
import { checkGradient } from '@facewright/onnx/testing';
import { createRuntime } from '@facewright/runtime';
import type { Shape, Tensor } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import fixture from '../fixtures/dino.json' with { type: 'json' };
import { bind, dinoGraph, dinoWeights, inMemory, splitDino, VisionTransformer, type StoredTensor } from '../index.ts';
import { relativeError } from '../reference/fixture.ts';
import { hashedTensor, hashedWeight } from '../reference/hashed-tensor.ts';

const runtime = await createRuntime({ provider: 'cpu' });
/** Both sides compute in float32, in another order: about ten rounding steps of 6e-8, amplified by normalisation. */
const tolerance = 5e-6;

type Shapes = Readonly<Record<string, readonly number[]>>;
const shapesOf = (tensors: object) => tensors as Shapes;
const hashedFile = (shapes: Shapes, prefix = '') =>
  inMemory(new Map(Object.entries(shapes).map(([name, shape]) => [prefix + name, hashedWeight(name, shape)])));
const prefixed = (tensors: ReadonlyMap<string, StoredTensor>, prefix: string) =>
  [...tensors].map(([name, tensor]) => [prefix + name, tensor] as const);
const [first] = fixture.cases;
const authors = shapesOf(first!.tensors);
const transformers = shapesOf(fixture.cases[1]!.tensors);

const featuresOf = async (split: ReturnType<typeof splitDino>, fused = false) => {
  const { imageSize } = split.config;
  const session = await runtime.open(buildModel({ ...dinoGraph(split.config, { batch: 2 }, dinoWeights(split), { fused }) }));
  const { features } = await session.run({ pixel_values: hashedTensor('pixel_values', [2, 3, imageSize, imageSize]) });
  await session.release();
  return features!;
};

describe.each([{ fused: false }, { fused: true }])('with fused attention: $fused', ({ fused }) => {
  it.each(fixture.cases)('$name: the features agree with the reference', async ({ config, tensors, features }) => {
    const split = splitDino('dino.pth', hashedFile(shapesOf(tensors)), config);
    expect(relativeError(await featuresOf(split, fused), features)).toBeLessThan(tolerance);
    // what it says of itself opens it again
    expect(splitDino('dino.pth', hashedFile(shapesOf(tensors)), split.json).config).toEqual(split.config);
  });
});

describe('the gradient of the features', () => {
  it.each([0, 1])('by the pixels agrees with central differences, layout %i', async (at) => {
    const { config: json, tensors } = fixture.cases[at]!;
    const split = splitDino('dino', hashedFile(shapesOf(tensors)), json);
    const model = new VisionTransformer(split.config);
    const { error } = await checkGradient({
      runtime,
      at: [hashedTensor('pixel_values', [2, 3, 8, 8])],
      build: ([pixels]) => mseLoss(model.whole(bind(model, dinoWeights(split)), pixels!), constant(hashedTensor('target', [2, 12]))),
      seed: 1,
      step: 2 ** -8,
    });
    // rounding of losses near 1 (1e-7) over a step of 2^-8 leaves about 3e-5
    expect(error).toBeLessThan(2e-4);
  });
});

/** The stand-ins for all layers spelled out, as the header of a file has them. */
function expand(layered: object, layers: number): Map<string, StoredTensor> {
  const entries = Object.entries(shapesOf(layered)).flatMap(([name, shape]) =>
    name.includes('.*.')
      ? Array.from({ length: layers }, (_, i) => [name.replace('*', String(i)), shape] as const)
      : [[name, shape] as const],
  );
  return new Map(entries.map(([name, shape]) => [name, { kind: 'file', file: '', offset: 0, length: 0, dtype: 'float32', shape }]));
}

describe.each(fixture.full)('$name', ({ config: json, parameters, ...layouts }) => {
  it.each(['authors', 'transformers'] as const)('opens by its %s alone, with the sizes that its configuration says', (layout) => {
    const { config, tensors } = splitDino('dino', expand(layouts[layout], json.num_hidden_layers));
    expect(config).toEqual({
      imageSize: json.image_size,
      patchSize: json.patch_size,
      width: json.hidden_size,
      mlpWidth: json.intermediate_size,
      layers: json.num_hidden_layers,
      heads: json.num_attention_heads,
      normEpsilon: layout === 'authors' ? 1e-6 : 1e-12,
    });
    const scalars = (shape: Shape) => shape.reduce((size, side) => size * side, 1);
    expect([...tensors.values()].reduce((sum, { shape }) => sum + scalars(shape), 0)).toBe(parameters);
    expect(tensors.size).toBe(layout === 'authors' ? 150 : 198);
  });
});

describe('files of DINO', () => {
  it('may have what trainings put before their names, and the teacher goes before the student', async () => {
    const plain = hashedFile(authors);
    const wanted = await featuresOf(splitDino('dino', plain, first!.config));
    const other = inMemory(new Map(Object.entries(authors).map(([name, shape]) => [name, hashedWeight(`student of ${name}`, shape)])));
    const head = [...inMemory(new Map([['head.last_layer.weight_v', hashedTensor('head', [4, 2])]]))];
    for (const file of [
      prefixed(plain, 'module.'),
      prefixed(plain, 'backbone.'),
      [...prefixed(plain, 'module.backbone.'), ...prefixed(new Map(head), 'module.')],
      [...prefixed(other, 'student.module.backbone.'), ...prefixed(plain, 'teacher.backbone.'), ...prefixed(new Map(head), 'teacher.')],
      [...plain, ...head],
    ])
      expect((await featuresOf(splitDino('dino', new Map(file), first!.config))).data).toEqual(wanted.data);
  });

  it.each([0, 1])('may hold half-precision weights, layout %i', async (at) => {
    const { config, tensors } = fixture.cases[at]!;
    const halves = Object.entries(shapesOf(tensors)).map(
      ([name, dims]) => [name, dims, Float16Array.from(hashedWeight(name, dims).data)] as const,
    );
    const narrow = new Map<string, Tensor>(
      halves.map(([name, dims, data]) => [name, { dtype: 'float16', dims, data: new Uint16Array(data.buffer) }]),
    );
    const wide = new Map<string, Tensor>(
      halves.map(([name, dims, data]) => [name, { dtype: 'float32', dims, data: Float32Array.from(data) }]),
    );
    const [a, b] = [
      await featuresOf(splitDino('dino', inMemory(narrow), config)),
      await featuresOf(splitDino('dino', inMemory(wide), config)),
    ];
    expect(a.data).toEqual(b.data);
  });

  it('are refused with everything missing, misshapen and unexpected, by the names of the file', () => {
    const spoil = (shapes: Shapes, missing: string, misshapen: string) => {
      const file = hashedFile({ ...shapes, [misshapen]: [1, 5], stranger: [3] }, 'module.');
      file.delete(`module.${missing}`);
      return () => splitDino('file.pth', file);
    };
    expect(spoil(authors, 'norm.bias', 'blocks.0.attn.qkv.weight')).toThrow(
      'file.pth: expected the parameters of the model, got 3 that differ:\n  missing: module.norm.bias\n  misshapen: module.blocks.0.attn.qkv.weight is [1, 5], expected [36, 12]\n  unexpected: module.stranger',
    );
    const key = 'encoder.layer.0.attention.attention.key.weight';
    expect(spoil(transformers, 'layernorm.bias', key)).toThrow(
      `missing: module.layernorm.bias\n  misshapen: module.${key} is [1, 5], expected [12, 12]\n  unexpected: module.stranger`,
    );
  });

  it('are refused when they are of another kind or do not fit their configuration, with all that does not', () => {
    expect(() => splitDino('clip.pt', hashedFile({ 'visual.proj': [2, 2] }))).toThrow(
      'clip.pt: expected a vision transformer of DINO (pos_embed, or embeddings.position_embeddings of transformers), got visual.proj',
    );
    expect(() =>
      splitDino('dino', hashedFile({ ...authors, pos_embed: [1, 4, 12] }), { hidden_size: 13, hidden_act: 'relu', qkv_bias: false }),
    ).toThrow(
      /hidden_act: .*\n.*qkv_bias: .*\n.*position embeddings: .* got 4\n.*hidden_size: expected 12, as the tensors have it, got 13/,
    );
  });
});
