// Writes files of a model folder: each is there whole or not at all.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readSafetensorsHeader, readTensors, writeSafetensors } from '@facewright/weights';
import { toFloat32, type Tensor } from '@facewright/tensor';
import type { Weights } from './latents.ts';

export async function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.tmp`, content);
  await rename(`${file}.tmp`, file);
}

export const writeJson = (file: string, value: unknown): Promise<void> => writeWhole(file, `${JSON.stringify(value, null, 2)}\n`);

export const readJson = async (file: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;

export async function writeWeights(file: string, weights: ReadonlyMap<string, Tensor>): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeSafetensors(file, weights, { format: 'pt' });
}

/** Weights of a file as float32, whatever they are stored as. */
export async function readWeights(file: string): Promise<Weights> {
  return new Map(
    [...(await readTensors((await readSafetensorsHeader(file)).tensors))].map(([name, tensor]) => [name, toFloat32(name, tensor)]),
  );
}
