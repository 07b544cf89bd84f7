import { AutoencoderKL, inMemory, parseAutoencoderConfig, storedWeights, vaeDecodeGraph, vaeEncodeGraph } from '@facewright/models';
import { relativeError } from '@facewright/models/testing/fixture';
import { hashedTensor, hashedWeights } from '@facewright/models/testing/hashed-tensor';
import { buildModel } from '@facewright/onnx';
import { createRuntime } from '@facewright/runtime';
import { float32, sizeOf, type Tensor } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import reference from './fixtures/tiled-vae.json' with { type: 'json' };
import { needsTiles, tiled } from './tiled.ts';

type Floats = Tensor<'float32'>;
const runtime = await createRuntime({ provider: 'cpu' });
/** As of models against their references: float32 in another order. */
const tolerance = 5e-6;

describe.each(reference.cases)('an autoencoder in tiles, $name', ({ config: json, tile, latents, picture, mean, logvar, decoded }) => {
  const config = parseAutoencoderConfig(json);
  const weights = storedWeights(inMemory(hashedWeights(new AutoencoderKL(config))));
  it('decodes as diffusers does', async () => {
    const decode = async (part: Floats) => {
      const [batch = 0, , height = 0, width = 0] = part.dims;
      const graph = vaeDecodeGraph(config, { batch, height: 2 * height, width: 2 * width }, weights);
      return (await (await runtime.open(buildModel(graph))).run({ latent_sample: part }))['sample'] as Floats;
    };
    expect(relativeError(await tiled(decode, hashedTensor('latents', latents), { tile }), decoded)).toBeLessThan(tolerance);
  });
  it('encodes as diffusers does', async () => {
    const encode = (output: 'mean' | 'logvar') => async (part: Floats) => {
      const [batch = 0, , height = 0, width = 0] = part.dims;
      const session = await runtime.open(buildModel(vaeEncodeGraph(config, { batch, height, width }, weights)));
      return (await session.run({ sample: part }))[output] as Floats;
    };
    const whole = hashedTensor('picture', picture);
    expect(relativeError(await tiled(encode('mean'), whole, { tile: 2 * tile }), mean)).toBeLessThan(tolerance);
    expect(relativeError(await tiled(encode('logvar'), whole, { tile: 2 * tile }), logvar)).toBeLessThan(tolerance);
  });
});

describe('tiles', () => {
  const ramp = (...dims: number[]) =>
    float32(
      dims,
      Float32Array.from({ length: sizeOf(dims) }, (_, i) => i),
    );
  it('of a function that looks at single pixels give the whole again', async () => {
    const whole = ramp(2, 3, 21, 34);
    const double = async (part: Floats) => ({ ...part, data: part.data.map((value) => 2 * value) });
    const got = await tiled(double, whole, { tile: 8, overlap: 0.5 });
    expect(got.dims).toEqual(whole.dims);
    // The two sides of a mixture are equal; their shares are rounded.
    got.data.forEach((value, i) => expect(value).toBeCloseTo(2 * whole.data[i]!, 2));
  });
  it('fade linearly from one into the next', async () => {
    let tiles = 0;
    const numbered = async (part: Floats) => ({ ...part, data: part.data.map(() => tiles) });
    const counted = (part: Floats) => {
      const result = numbered(part);
      tiles++;
      return result;
    };
    const got = await tiled(counted, ramp(1, 1, 1, 14), { tile: 8 });
    // tiles begin at 0, 6 and 12; each fades in over 2
    expect([...got.data]).toEqual([0, 0, 0, 0, 0, 0, 0, 0.5, 1, 1, 1, 1, 1, 1.5]);
  });
  it('are none for a picture that fits into one', async () => {
    const seen: number[][] = [];
    const same = async (part: Floats) => {
      seen.push([...part.dims]);
      return part;
    };
    expect(needsTiles(ramp(1, 1, 8, 8), 8)).toBe(false);
    await tiled(same, ramp(1, 1, 8, 8), { tile: 8 });
    await tiled(same, ramp(1, 1, 4, 14), { tile: 8 });
    expect(seen).toEqual([
      [1, 1, 8, 8],
      [1, 1, 4, 8],
      [1, 1, 4, 8],
      [1, 1, 4, 2],
    ]);
  });
  it('tell their progress and stop between two when they are cancelled', async () => {
    const cancel = new AbortController();
    const told: string[] = [];
    // The cancel comes as a message would, between two turns of the event loop.
    setImmediate(() => cancel.abort());
    const run = tiled(async (part) => part, ramp(1, 1, 4, 34), {
      tile: 8,
      signal: cancel.signal,
      progress: (done, total) => told.push(`${done} of ${total}`),
    });
    await expect(run).rejects.toThrow('aborted');
    expect(told).toEqual(['1 of 6']);
  });
});
