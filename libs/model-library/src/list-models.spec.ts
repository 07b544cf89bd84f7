import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { modelFolders } from '@facewright/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelCatalogue } from './catalogue.ts';
import { asModelFolder, modelRoots } from './folders.ts';
import { listModels } from './list-models.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'list-spec-'));
});
afterEach(() => rmSync(root, { recursive: true }));
function put(path: string, bytes = 4): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), Buffer.alloc(bytes));
}

describe('listModels', () => {
  it('lists a ComfyUI models folder by the paths that graphs write, with subfolders, in the order of people', async () => {
    for (const name of [
      'v10.safetensors',
      'v2.ckpt',
      'portraits/Soft.SafeTensors',
      '.hidden.ckpt',
      'put_checkpoints_here',
      'v2.preview.png',
      'x.ckpt.part',
    ])
      put(`checkpoints/${name}`, name.length);
    put('loras/faces/one.safetensors');
    put('vae/mse.pt');
    put('detectors/yunet.onnx');
    put('upscale_models/x4.pth');
    const found = await listModels([root]);
    expect(found.map(({ path, folder, kind }) => [path, folder, kind])).toEqual([
      ['checkpoints/portraits/Soft.SafeTensors', 'checkpoints', 'safetensors'],
      ['checkpoints/v2.ckpt', 'checkpoints', 'torch'],
      ['checkpoints/v10.safetensors', 'checkpoints', 'safetensors'],
      ['loras/faces/one.safetensors', 'loras', 'safetensors'],
      ['vae/mse.pt', 'vae', 'torch'],
      ['detectors/yunet.onnx', 'detectors', 'onnx'],
    ]);
    expect(found[1]).toMatchObject({ bytes: 'v2.ckpt'.length, modified: expect.stringMatching(/^\d{4}-.*Z$/) });
  });
  it('shows a model in files of its own as one entry: diffusers in checkpoints or diffusers, a scorer by its configuration', async () => {
    for (const path of [
      'checkpoints/sd/model_index.json',
      'checkpoints/sd/unet/diffusion_pytorch_model.safetensors',
      'diffusers/xl/model_index.json',
      'scorers/blip/med_config.json',
      'scorers/blip/model.safetensors',
      'checkpoints/mine/config.json',
      'checkpoints/mine/a.safetensors',
    ])
      put(path, 10);
    expect((await listModels([root])).map(({ path, kind, bytes }) => [path, kind, bytes])).toEqual([
      ['checkpoints/mine/a.safetensors', 'safetensors', 10],
      ['checkpoints/sd', 'folder', 20],
      ['diffusers/xl', 'folder', 10],
      ['scorers/blip', 'folder', 20],
    ]);
  });
  it('follows links, also one that leads back up, and leaves out those that lead nowhere', async () => {
    put('elsewhere/big.safetensors', 7);
    put('checkpoints/own.ckpt');
    symlinkSync(join(root, 'elsewhere'), join(root, 'checkpoints/linked'));
    symlinkSync(join(root, 'checkpoints'), join(root, 'checkpoints/round'));
    symlinkSync(join(root, 'gone'), join(root, 'checkpoints/broken.ckpt'));
    expect((await listModels([root], ['checkpoints'])).map(({ path, bytes }) => [path, bytes])).toEqual([
      ['checkpoints/linked/big.safetensors', 7],
      ['checkpoints/own.ckpt', 4],
    ]);
  });
  it('takes the first of two models folders where both have a path, and only the folder asked for', async () => {
    put('a/checkpoints/same.ckpt', 1);
    put('b/checkpoints/same.ckpt', 2);
    put('b/loras/x.safetensors', 3);
    const roots = [join(root, 'a'), join(root, 'none'), join(root, 'b')];
    expect((await listModels(roots, ['checkpoints'])).map(({ bytes }) => bytes)).toEqual([1]);
    expect(await listModels(roots)).toHaveLength(2);
  });
});

describe('models folders', () => {
  it('are those given, else those of the environment, and always `models` of the working directory at the end', () => {
    const own = resolve('models');
    expect(modelRoots([], '')).toEqual([own]);
    expect(modelRoots([], `${root}${delimiter}${tmpdir()}`)).toEqual([root, tmpdir(), own]);
    expect(modelRoots([root], tmpdir())).toEqual([root, own]);
  });
  it('that are named and not there are refused, with where the name comes from', () => {
    expect(() => modelRoots([join(root, 'none')])).toThrow(`models folder ${join(root, 'none')} (--models): expected a folder, got none`);
    put('file');
    expect(() => modelRoots([], join(root, 'file'))).toThrow('(FACEWRIGHT_MODELS)');
    expect(() => asModelFolder('checkpoint')).toThrow('folder: expected one of checkpoints, loras');
  });
});

it('the catalogue names each model once, by an https address, with a hash only in full', () => {
  expect(new Set(modelCatalogue.map(({ name }) => name)).size).toBe(modelCatalogue.length);
  for (const { name, url, file, folder, sha256, bytes } of modelCatalogue) {
    expect([new URL(url).protocol, modelFolders.includes(folder)], name).toEqual(['https:', true]);
    expect(file, name).toMatch(/^[\w.+-]+\.(safetensors|ckpt|pt|pth|onnx)$/);
    expect(sha256 ?? '0'.repeat(64), name).toMatch(/^[0-9a-f]{64}$/);
    expect(bytes === null || bytes > 0).toBe(true);
  }
});
