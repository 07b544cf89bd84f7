// Load CLIP: the work of the node.
import type { NodeContext, NodeRun } from '@facewright/core';
import { splitClip, type Json } from '@facewright/models';
import { withoutModulePrefix } from '@facewright/pipelines';
import { CodedError } from '@facewright/tensor';
import { openTensorFile } from '@facewright/weights';
import type { loadClip } from './definition.ts';
import { err } from './errors.ts';
import { nameOf, scorerFile } from './scorer-file.ts';

const inFolders = ['model.safetensors', 'open_clip_model.safetensors', 'pytorch_model.bin', 'open_clip_pytorch_model.bin'];
const want = 'the file of a CLIP model, or a folder with model.safetensors';
const pull = 'clip (or hps)';

/** Throws SCORER_MISSING, SCORER_SCRIPT, WEIGHTS_*, MODELS_INPUT for a file of another kind, MODELS_WEIGHTS with every tensor that differs. */
export const run: NodeRun<typeof loadClip> = async ({ path, activation }, ctx) => {
  const place = path.replace(/[/\\]+$/, '');
  const folder = (await ctx.files.exists(place)) === 'folder';
  const weights = await scorerFile(folder ? await fileIn(place, ctx) : place, want, pull, ctx);
  const json = folder ? await configIn(place, ctx) : undefined;
  const file = await ctx.assets.file(weights);
  const tensors = withoutModulePrefix(await tensorsOf(file, path));
  const { config } = splitClip(file, tensors, { ...(json && { json }), ...(activation !== 'auto' && { activation }) });
  return {
    model: {
      family: 'clip',
      architecture: 'clip',
      name: nameOf(place),
      components: { clip: { config: { ...config }, weights, files: {} } },
      loras: [],
    },
  };
};

async function fileIn(folder: string, ctx: NodeContext): Promise<string> {
  for (const name of inFolders) if ((await ctx.files.exists(`${folder}/${name}`)) === 'file') return `${folder}/${name}`;
  return `${folder}/${inFolders[0]}`;
}

/** OpenCLIP's folders have a configuration of another name and kind, which the sizes make unneeded. */
async function configIn(folder: string, ctx: NodeContext): Promise<Json | undefined> {
  const file = `${folder}/config.json`;
  if ((await ctx.files.exists(file)) !== 'file') return undefined;
  return JSON.parse(new TextDecoder().decode(await ctx.files.read(file))) as Json;
}

async function tensorsOf(file: string, path: string) {
  try {
    return (await openTensorFile(file)).tensors;
  } catch (error) {
    if (error instanceof CodedError && error.code === 'WEIGHTS_TORCH' && error.message.includes('TorchScript')) throw err.SCRIPT(path);
    throw error;
  }
}
