// The components of a model handle: where their weights are, and what names their content.
import type { FileRef, Model, NodeContext } from '@facewright/core';
import { modernAutoencoderNames, splitSingleFile, splitVaeFile, type Json, type SingleFile, type StoredTensor } from '@facewright/models';
import { openTensorFile, readTensors } from '@facewright/weights';
import type { Tensor } from '@facewright/tensor';
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { err } from './errors.ts';
import { recent } from './recent.ts';
import { withoutModulePrefix } from './scores/scorer-tensors.ts';

export interface Component {
  readonly config: Json;
  readonly weights: FileRef | null;
  readonly files: Readonly<Record<string, FileRef>>;
}

/** Throws PIPELINES_COMPONENT naming what the handle has instead. */
export function componentOf(handle: Model, name: string): Component {
  const component = handle.components[name];
  if (!component) throw err.COMPONENT(handle.name, name, Object.keys(handle.components));
  return component;
}

/** What names the content of a file: equal for equal bytes. */
export const digestOf = (ref: FileRef): string => ('asset' in ref ? ref.asset.id : ref.digest);

/** Names a component with its configuration, weights and the LoRAs added to it: the part of a session's key that says which model it is. */
export function componentKey(handle: Model, name: string): string {
  const { config, weights, files } = componentOf(handle, name);
  const what = [
    config,
    weights && digestOf(weights),
    Object.entries(files).map(([file, ref]) => [file, digestOf(ref)]),
    handle.loras.map(({ weights: lora, strength, textStrength = strength }) => [digestOf(lora), strength, textStrength]),
  ];
  return `${name}:${createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 32)}`;
}

/** Where the single-file layout of Stable Diffusion keeps the first weight of its U-Net; no other layout has this name. */
const singleFileMark = 'model.diffusion_model.input_blocks.0.0.weight';
const singleFileParts = { unet: 'unet', vae: 'vae', text_encoder: 'text', text_encoder_2: 'text2' } as const;

/**
 * The weights of a component ('unet', 'vae', 'text_encoder', …) by the names of its module, each as a place in its file: of safetensors nothing is read but the header.
 * A single-file checkpoint is split and renamed. Throws PIPELINES_COMPONENT for a component without weights, WEIGHTS_* for a damaged file, MODELS_* for one of another kind.
 */
export async function componentWeights(handle: Model, name: string, ctx: NodeContext): Promise<ReadonlyMap<string, StoredTensor>> {
  const { weights } = componentOf(handle, name);
  if (!weights) throw err.COMPONENT(handle.name, name, ['one without weights']);
  const file = await ctx.assets.file(weights);
  const { tensors, single } = await openParts(file);
  if (single) {
    const part = single[singleFileParts[name as keyof typeof singleFileParts]];
    if (!part) throw err.COMPONENT(handle.name, name, ['a checkpoint without one']);
    return part.tensors;
  }
  if (name === 'face_score') return withoutModulePrefix(tensors);
  if (name !== 'vae') return tensors;
  const ofDiffusers = [...tensors.keys()].some((key) => key.startsWith('decoder.mid_block.'));
  return ofDiffusers ? modernAutoencoderNames(tensors) : splitVaeFile(file, tensors).tensors;
}

export interface FileParts {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Null for a file that holds one part alone. */
  readonly single: SingleFile | null;
}
/** The parts of a checkpoint are asked for one after the other. */
const files = new Map<string, Promise<FileParts>>();

/** The tensors of a file and, of a single-file checkpoint, its parts; read once for all who ask. Throws WEIGHTS_* and what splitSingleFile throws. */
export async function openParts(file: string): Promise<FileParts> {
  const { size, mtimeMs } = await stat(file).catch(() => ({ size: 0, mtimeMs: 0 }));
  return recent(files, `${file}:${size}:${mtimeMs}`, async () => {
    const { tensors } = await openTensorFile(file);
    return { tensors, single: tensors.has(singleFileMark) ? splitSingleFile(file, tensors) : null };
  });
}

/** The weights of a component read into memory, as a training begins with. Throws as componentWeights, and WEIGHTS_UNREADABLE. */
export async function componentTensors(handle: Model, name: string, ctx: NodeContext): Promise<Map<string, Tensor>> {
  return readTensors(await componentWeights(handle, name, ctx));
}

/** The bytes of a file that belongs to a component, e.g. its vocabulary. Throws PIPELINES_FILE. */
export async function componentText(handle: Model, name: string, file: string, ctx: NodeContext): Promise<string> {
  const { files } = componentOf(handle, name);
  const ref = files[file];
  if (!ref) throw err.FILE(handle.name, `${name}/${file}`, Object.keys(files));
  return new TextDecoder().decode(await ctx.files.read(await ctx.assets.file(ref)));
}
