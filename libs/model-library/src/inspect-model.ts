// What a model file is, told from its header: kind, parts, element types, and what is wrong with it by its own names.
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { identifyTensors, splitSingleFile, splitVaeFile, type FileKind } from '@facewright/models';
import { CodedError } from '@facewright/tensor';
import { openTensorFile, type StoredTensor } from '@facewright/weights';
import { err } from './errors.ts';
import { inspectFolder } from './inspect-folder.ts';
import { loraFacts, type LoraFacts } from './lora-facts.ts';
import { partsOf, type ModelPart } from './parts.ts';

export interface ModelReport {
  readonly path: string;
  readonly format: 'safetensors' | 'torch-zip' | 'torch-legacy' | 'onnx' | 'folder';
  readonly bytes: number;
  readonly kind: FileKind | 'onnx';
  /** For people, and what in the file says so. */
  readonly title: string;
  readonly why: string;
  readonly parts: readonly ModelPart[];
  /** Parts that a model of this kind has and this one has not at all: they must come from elsewhere. */
  readonly lacks: readonly string[];
  /** There is a second set of weights, averaged over training, which is not used. */
  readonly ema: boolean;
  readonly lora: LoraFacts | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Everything missing, unexpected or misshapen, one a line. */
  readonly problems: readonly string[];
}

/** Reads the header of a file, or the headers inside a folder; never the weights. Throws LIBRARY_NO_MODEL, and WEIGHTS_* for a damaged file. */
export async function inspectModel(path: string): Promise<ModelReport> {
  const info = await stat(path).catch(() => null);
  if (info?.isDirectory()) return inspectFolder(path);
  if (!info?.isFile()) throw err.NO_MODEL(path);
  const common = { path, bytes: info.size, lacks: [], ema: false, lora: null, metadata: {}, problems: [] };
  if (extname(path).toLowerCase() === '.onnx')
    return { ...common, format: 'onnx', kind: 'onnx', title: 'ONNX graph', why: 'its name ends in .onnx', parts: [] };
  const { format, tensors, metadata } = await openTensorFile(path);
  const identity = identifyTensors(tensors);
  const parts = partsOf(tensors);
  return {
    ...common,
    ...identity,
    ...check(path, identity.kind, tensors),
    format,
    parts,
    metadata,
    ema: parts.some(({ name }) => name.includes('EMA')),
    lora: identity.kind === 'lora' ? await loraFacts(tensors, metadata) : null,
  };
}

/** Compares a file with the model that it is taken for. */
function check(path: string, kind: FileKind, tensors: ReadonlyMap<string, StoredTensor>): Pick<ModelReport, 'lacks' | 'problems'> {
  try {
    if (kind === 'vae') splitVaeFile(path, tensors);
    if (!/^sd/.test(kind)) return { lacks: [], problems: [] };
    const { vae, text, text2 } = splitSingleFile(path, tensors);
    const lacks = Object.entries({ VAE: vae, 'text encoder': text, ...(kind.startsWith('sdxl') && { 'text encoder 2': text2 }) });
    return { lacks: lacks.filter(([, part]) => part === null).map(([name]) => name), problems: [] };
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    const [first = '', ...lines] = error.message.split('\n');
    return { lacks: [], problems: lines.length > 0 ? lines.map((line) => line.trim()) : [first] };
  }
}
