// A model in files of its own: which components its index names, what lies in each, and what is missing.
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { identifyTensors, type FileKind } from '@facewright/models';
import { messageOf } from '@facewright/core';
import { openTensorFile, type StoredTensor } from '@facewright/weights';
import { err } from './errors.ts';
import { modelEndings } from './folders.ts';
import type { ModelReport } from './inspect-model.ts';
import { summarise, type ModelPart } from './parts.ts';

interface Folder {
  readonly parts: ModelPart[];
  /** Of the component that was opened last. */
  tensors: ReadonlyMap<string, StoredTensor>;
  readonly problems: string[];
}

/** Throws LIBRARY_NO_MODEL for a folder without an index, a configuration or weights. */
export async function inspectFolder(path: string): Promise<ModelReport> {
  const index = await readJson(join(path, 'model_index.json'));
  const found: Folder = { parts: [], tensors: new Map(), problems: [] };
  if (index === undefined) await inspectComponent(path, '', found);
  else
    for (const [name, value] of Object.entries(index))
      if (Array.isArray(value) && value[0] !== null) await inspectComponent(join(path, name), name, found);
  if (found.parts.length === 0 && index === undefined) throw err.NO_MODEL(path);
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const infos = await Promise.all(entries.map(({ parentPath, name }) => stat(join(parentPath, name)).catch(() => null)));
  return {
    path,
    format: 'folder',
    bytes: infos.reduce((sum, info) => sum + (info?.isFile() ? info.size : 0), 0),
    ...(await kindOf(path, index, found.tensors)),
    parts: found.parts,
    lacks: [],
    ema: false,
    lora: null,
    metadata: {},
    problems: found.problems,
  };
}

/** What components without weights need instead. */
const needed: readonly (readonly [component: RegExp, files: readonly string[]])[] = [
  [/^tokenizer/, ['vocab.json', 'merges.txt']],
  [/^scheduler$/, ['scheduler_config.json']],
  [/^(feature_extractor|image_processor)$/, ['preprocessor_config.json']],
];

/** `name` is empty for a folder that is one component itself. */
async function inspectComponent(path: string, name: string, found: Folder): Promise<void> {
  const { parts, problems } = found;
  const files = (await readdir(path, { withFileTypes: true }).catch(() => null))?.filter((entry) => !entry.isDirectory());
  if (!files) return void problems.push(`missing: ${name}/`);
  const names = new Set(files.map((entry) => entry.name));
  const own = (file: string) => (name ? `${name}/${file}` : file);
  const wanted = needed.find(([component]) => component.test(name))?.[1];
  if (wanted) return void problems.push(...wanted.filter((file) => !names.has(file)).map((file) => `missing: ${own(file)}`));
  // A folder may hold the same weights in several formats and precisions; the plainest name in the best format is the one that is opened.
  const [weights] = [...names]
    .filter((file) => modelEndings.has(extname(file).toLowerCase()))
    .sort((a, b) => rank(a) - rank(b) || a.length - b.length);
  if (weights === undefined) return void (name && problems.push(`missing: ${name}/, a file of weights`));
  if (weights.endsWith('.onnx')) {
    parts.push({ name: `${own(weights)}, an ONNX graph`, tensors: 0, parameters: 0, dtypes: {} });
    return;
  }
  if (name && !names.has('config.json')) problems.push(`missing: ${name}/config.json`);
  try {
    found.tensors = (await openTensorFile(join(path, weights))).tensors;
    parts.push(summarise(own(weights), [...found.tensors.values()]));
  } catch (error) {
    problems.push(messageOf(error));
  }
}
const rank = (file: string): number => (file.endsWith('.safetensors') ? 0 : file.endsWith('.onnx') ? 1 : 2);

const families: Readonly<Record<number, 'sd1' | 'sd2' | 'sdxl'>> = { 768: 'sd1', 1024: 'sd2', 2048: 'sdxl' };

async function kindOf(
  path: string,
  index: Readonly<Record<string, unknown>> | undefined,
  tensors: ReadonlyMap<string, StoredTensor>,
): Promise<Pick<ModelReport, 'kind' | 'title' | 'why'>> {
  if (index === undefined) return identifyTensors(tensors);
  const pipeline = typeof index['_class_name'] === 'string' ? index['_class_name'] : 'Pipeline without a name';
  const unet = await readJson(join(path, 'unet/config.json'));
  const family = families[Number(unet?.['cross_attention_dim'])];
  const kind: FileKind = family ? (unet?.['in_channels'] === 9 ? `${family}-inpainting` : family) : 'unknown';
  return { kind, title: pipeline, why: 'model_index.json says so' };
}

/** Undefined where there is no such file, or one that is no JSON object. */
async function readJson(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
