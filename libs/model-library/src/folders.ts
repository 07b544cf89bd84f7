// The folders of a models folder, and where models folders are.
import { existsSync, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { modelFolders, type ModelFolder } from '@facewright/core';
import { err } from './errors.ts';

/** Names of the environment variable and of the folder in the working directory that are used without being asked for. */
export const MODELS_VARIABLE = 'FACEWRIGHT_MODELS';
export const MODELS_FOLDER = 'models';

/** Folders on disk that hold what a folder of ours lists: ComfyUI keeps diffusers folders in one of their own. */
export const placesOf = (folder: ModelFolder): readonly string[] => (folder === 'checkpoints' ? ['checkpoints', 'diffusers'] : [folder]);

/** A folder that holds one of these is one model. A stray config.json beside checkpoints is common, so there only diffusers' own index counts. */
export const markersOf = (folder: ModelFolder): readonly string[] =>
  folder === 'checkpoints' ? ['model_index.json'] : ['model_index.json', 'config.json', 'med_config.json'];

export const modelEndings: ReadonlySet<string> = new Set(['.safetensors', '.ckpt', '.pt', '.pth', '.bin', '.onnx']);

/** Throws LIBRARY_FOLDER. */
export function asModelFolder(name: string): ModelFolder {
  const known = modelFolders.find((folder) => folder === name);
  if (!known) throw err.FOLDER(name, modelFolders);
  return known;
}

/**
 * Absolute models folders in the order in which they are searched: those given, else those of FACEWRIGHT_MODELS (separated as in PATH); then `models` of the
 * working directory, there or not. Throws LIBRARY_ROOT for a named one that is no folder.
 */
export function modelRoots(given: readonly string[], variable = process.env[MODELS_VARIABLE] ?? ''): string[] {
  const from = given.length > 0 ? '--models' : MODELS_VARIABLE;
  const named = (given.length > 0 ? given : variable.split(delimiter).filter((part) => part !== '')).map((path) => resolve(path));
  for (const path of named) if (!existsSync(path) || !statSync(path).isDirectory()) throw err.ROOT(path, from);
  return [...new Set([...named, resolve(MODELS_FOLDER)])];
}
