// Load DINO: the work of the node.
import type { NodeContext, NodeRun } from '@facewright/core';
import { splitDino } from '@facewright/models';
import { openTensorFile } from '@facewright/weights';
import { basename } from 'node:path';
import type { loadDino } from './definition.ts';
import { err } from './errors.ts';
import { notFound } from './not-found.ts';
import { firstFile, readJson } from './read-json.ts';
import { weightEndings } from './weight-endings.ts';

const want = 'a DINO model';

/** Throws LOADER_NOT_FOUND, LOADER_MISSING, LOADER_KIND for a folder of several models, LOADER_JSON, MODELS_INPUT for a file of another kind, MODELS_CONFIG, MODELS_WEIGHTS with every tensor that differs, WEIGHTS_*. */
export const run: NodeRun<typeof loadDino> = async ({ path }, ctx) => {
  const place = path.replace(/[/\\]+$/, '');
  const found = await ctx.files.exists(place);
  if (found === null) {
    const pull = `the file of ${want}, such as dino_deitsmall16_pretrain.pth of facebookresearch/dino, or the folder of facebook/dino-vits16 (facewright models pull dino-small16, dino-small8, dino-base16 or dino-base8 downloads one)`;
    throw await notFound(path, pull, ctx);
  }
  // a config.json beside a file may be that of another model
  const { file, config } = found === 'file' ? { file: place, config: null } : await inFolder(place, ctx);
  const weights = await ctx.files.ref(file);
  const { tensors } = await openTensorFile(await ctx.assets.file(weights));
  const { json } = splitDino(file, tensors, config === null ? {} : await readJson(config, ctx));
  return {
    model: {
      family: 'dino',
      architecture: 'vision-transformer',
      name: basename(place).replace(/\.(safetensors|ckpt|pt|pth|bin)$/, ''),
      components: { dino: { config: { ...json }, weights, files: {} } },
      loras: [],
    },
  };
};

async function inFolder(place: string, ctx: NodeContext): Promise<{ readonly file: string; readonly config: string | null }> {
  const folder = (await ctx.files.exists(`${place}/dino`)) === 'folder' ? `${place}/dino` : place;
  const files = await ctx.files.list(folder, weightEndings);
  const file = files.find((name) => basename(name) === 'model.safetensors') ?? files[0];
  if (file === undefined) throw err.MISSING(folder, want, ['model.safetensors, or a file of facebookresearch/dino']);
  if (files.length > 1 && basename(file) !== 'model.safetensors')
    throw err.KIND(folder, `the file of ${want}, or a folder with one`, `a folder with ${files.map((name) => basename(name)).join(', ')}`);
  return { file, config: await firstFile(folder, ['config.json'], ctx) };
}
