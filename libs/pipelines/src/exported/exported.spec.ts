import type { Model } from '@facewright/core';
import { inMemory, initialize, parseUNetConfig, storedWeights, UNet2DCondition, unetGraph } from '@facewright/models';
import { buildModel } from '@facewright/onnx';
import { createRuntime } from '@facewright/runtime';
import { createRng, float32, int64, sizeOf, type Tensor } from '@facewright/tensor';
import { createFakeContext } from '@facewright/testing';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tinyUNet } from '../testing/tiny-models.ts';
import { describeExport, isExported, openExportedText, openExportedUNet, openExportedVae, readExportFolder } from './index.ts';

type Floats = Tensor<'float32'>;
const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name);
const handleOf = async (folder: string): Promise<Model> => ({
  family: 'diffusion',
  architecture: 'stable-diffusion',
  name: 'exported',
  loras: [],
  components: { ...(await readExportFolder(folder, ctx)) },
});
const [optimum, legacy, xl] = await Promise.all(['optimum', 'legacy', 'half-xl'].map((name) => handleOf(fixture(name))));
const filled = (dims: number[], value: (i: number) => number): Floats =>
  float32(
    dims,
    Float32Array.from({ length: sizeOf(dims) }, (_, i) => value(i)),
  );
const feeds = (times: readonly number[], height = 2, width = 3) => ({
  sample: filled([times.length, 4, height, width], (i) => i % 7),
  timestep: float32([times.length], times),
  encoder_hidden_states: filled([times.length, 5, 3], (i) => (i < 15 ? 2 : 4)),
});
/** What the graphs of tools/reference/exported_graphs.py compute. */
const predicted = ({ sample, timestep }: ReturnType<typeof feeds>) => {
  const row = sizeOf(sample.dims.slice(1));
  return [...sample.data].map((value, i) => 0.5 * value * timestep.data[Math.floor(i / row)]! + 2 + 2 * Math.floor(i / row));
};

describe('the folder of an export', () => {
  it('gives the parts that are there, each with the files of its weights', () => {
    expect(Object.keys(optimum!.components)).toEqual(['unet', 'text_encoder', 'vae_encoder', 'vae_decoder']);
    expect(Object.keys(xl!.components)).toEqual(['unet', 'text_encoder_2']);
    expect(Object.keys(optimum!.components['unet']!.files)).toEqual(['model.onnx_data']);
    expect(Object.keys(legacy!.components['unet']!.files)).toEqual(['weights.pb']);
    expect(isExported(optimum!, 'unet')).toBe(true);
  });
  it('tells types and sizes of what a graph takes and gives', () => {
    expect(describeExport(readFileSync(fixture('legacy/text_encoder/model.onnx')))).toEqual({
      inputs: [{ name: 'input_ids', dtype: 'int32', shape: ['batch', 'tokens'] }],
      outputs: [
        { name: 'last_hidden_state', dtype: 'float32', shape: ['batch', 'tokens', 2] },
        { name: 'pooler_output', dtype: 'float32', shape: ['batch', 2] },
      ],
      locations: [],
    });
  });
  it('without the file of its weights is refused by its name', async () => {
    const folder = join(ctx.folder(), 'torn');
    mkdirSync(join(folder, 'unet'), { recursive: true });
    copyFileSync(fixture('legacy/unet/model.onnx'), join(folder, 'unet', 'model.onnx'));
    await expect(readExportFolder(folder, ctx)).rejects.toThrow(join(folder, 'unet', 'weights.pb'));
    writeFileSync(join(folder, 'unet', 'weights.pb'), readFileSync(fixture('legacy/unet/weights.pb')));
    writeFileSync(join(folder, 'unet', 'config.json'), '[');
    await expect(readExportFolder(folder, ctx)).rejects.toEqual(expect.objectContaining({ code: 'PIPELINES_NETWORK' }));
  });
});

describe('an exported U-Net', () => {
  it.each([
    ['one whole timestep for all rows', optimum!],
    ['a fractional timestep for each row', legacy!],
  ])('predicts for any size, taking %s', async (_, handle) => {
    const unet = await openExportedUNet(handle, ctx);
    for (const given of [feeds([7, 7]), feeds([7, 7, 7], 4, 1)]) {
      const got = await unet.predict(given);
      expect(got.dims).toEqual(given.sample.dims);
      if (given.sample.dims[0] === 2) expect([...got.data]).toEqual(predicted(given));
    }
  });
  it('is given timesteps that differ row by row where it takes one for all, and at once where it takes one for each', async () => {
    const given = feeds([3, 500]);
    for (const handle of [optimum!, legacy!])
      expect([...(await (await openExportedUNet(handle, ctx)).predict(given)).data]).toEqual(predicted(given));
  });
  it('in half precision with the conditions of Stable Diffusion XL is fed and read in single precision', async () => {
    const unet = await openExportedUNet(xl!, ctx);
    const given = feeds([6, 6]);
    const got = await unet.predict({ ...given, text_embeds: filled([2, 2], () => 8), time_ids: filled([2, 6], () => 16) });
    expect(got.dtype).toBe('float32');
    // Half precision holds these numbers exactly: the conditions add (2 x 8 + 6 x 16) / 8 = 14.
    expect([...got.data]).toEqual(predicted(given).map((value) => value + 14));
    await expect(unet.predict(given)).rejects.toThrow('got none for text_embeds, time_ids');
  });
  it('written by this project, of fixed sizes, gives what its own graph gives, and names the sizes it takes', async () => {
    const config = parseUNetConfig(tinyUNet);
    const tensors = initialize(new UNet2DCondition(config), createRng(3));
    const { prediction } = unetGraph(config, { batch: 2, height: 4, width: 4, tokens: 5 }, storedWeights(inMemory(tensors)));
    const folder = join(ctx.folder(), 'own', 'unet');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'model.onnx'), buildModel({ out_sample: prediction }, { inline: true }).bytes);
    const unet = await openExportedUNet(await handleOf(join(folder, '..')), ctx);
    const given = {
      sample: filled([2, 4, 4, 4], (i) => Math.sin(i)),
      timestep: float32([2], [5, 700]),
      encoder_hidden_states: filled([2, 5, 8], (i) => Math.cos(i)),
    };
    const own = await (await runtime.open(buildModel({ prediction }))).run(given);
    expect([...(await unet.predict(given)).data]).toEqual([...(own['prediction']!.data as Float32Array)]);
    await expect(unet.predict({ ...given, sample: filled([2, 4, 8, 8], () => 0) })).rejects.toThrow(
      'exported, unet/model.onnx: input sample: expected [2, 4, 4, 4], for which it was exported, got [2, 4, 8, 8]',
    );
  });
  it('that takes something else is refused with what it takes', async () => {
    const other = { ...optimum!, components: { unet: optimum!.components['text_encoder']! } };
    await expect(openExportedUNet(other, ctx)).rejects.toThrow(
      'expected inputs sample, timestep, encoder_hidden_states and at most text_embeds, time_ids, got input_ids',
    );
  });
});

describe('an exported text encoder', () => {
  const ids = int64([2, 3], [1, 2, 3, 4, 5, 6]);
  it.each([
    ['64', optimum!, 4],
    ['32', legacy!, 1],
  ])('takes ids of %s bits', async (_, handle, factor) => {
    const { hidden, pooled } = await (await openExportedText(handle, 'text_encoder', ctx)).run(ids);
    expect(hidden.dims).toEqual([2, 3, 2]);
    expect([...hidden.data]).toEqual([1, 2, 3, 4, 5, 6].flatMap((id) => [100 + factor * id, 100 - factor * id]));
    expect([...pooled!.data]).toEqual([100 + factor, 100 - factor, 100 + 4 * factor, 100 - 4 * factor]);
  });
  it('skips layers where it gives their hidden states, and says how many it can skip', async () => {
    const text = await openExportedText(optimum!, 'text_encoder', ctx);
    expect(text.skippable).toBe(3);
    expect([...(await text.run(ids, { skip: 1 })).hidden.data].slice(0, 4)).toEqual([3, -3, 6, -6]);
    await expect(text.run(ids, { skip: 4 })).rejects.toThrow(
      'expected hidden states of 4 layers before the last, as skipping them needs, got those of 3',
    );
    await expect((await openExportedText(legacy!, 'text_encoder', ctx)).run(ids, { skip: 1 })).rejects.toThrow(
      'an export without hidden states',
    );
  });
  it('with a projection gives what it projects', async () => {
    const { hidden, pooled } = await (await openExportedText(xl!, 'text_encoder_2', ctx)).run(ids, { skip: 1 });
    expect([...hidden.data].slice(0, 2)).toEqual([2, -2]);
    expect([...pooled!.data]).toEqual([103, 97, 112, 88]);
  });
});

describe('an exported autoencoder', () => {
  const picture = filled([2, 3, 4, 4], (i) => Math.floor(i / 16));
  it('that gives means and variances splits them', async () => {
    const { mean, logvar } = await (await openExportedVae(optimum!, ctx)).encode(picture);
    expect(mean.dims).toEqual([2, 4, 2, 2]);
    const planes = (tensor: Floats) => Array.from({ length: 8 }, (_, plane) => tensor.data[plane * 4]);
    expect(planes(mean)).toEqual([0, 1, 2, 0, 3, 4, 5, 3]);
    expect(planes(logvar!)).toEqual([2, 1, 0, 2, 5, 4, 3, 5]);
  });
  it('that samples by itself has no variances', async () => {
    const { mean, logvar } = await (await openExportedVae(legacy!, ctx)).encode(picture);
    expect(mean.dims).toEqual([2, 4, 2, 2]);
    expect(logvar).toBeNull();
  });
  it('decodes', async () => {
    const latents = filled([1, 4, 1, 2], (i) => i);
    const decoded = await (await openExportedVae(legacy!, ctx)).decode(latents);
    expect(decoded.dims).toEqual([1, 3, 2, 4]);
    expect([...decoded.data].slice(0, 8)).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
  });
});
