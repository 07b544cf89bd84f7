// The graphs of an exported pipeline in their folder, as components of a model handle.
import type { FileRef, Model, NodeContext } from '@facewright/core';
import { join } from 'node:path';
import { err } from '../errors.ts';
import { describeExport } from './exported-graph.ts';

const parts = ['unet', 'text_encoder', 'text_encoder_2', 'vae_encoder', 'vae_decoder'] as const;
export type ExportedPart = (typeof parts)[number];

/**
 * Which parts of a folder are there as `<part>/model.onnx`, with the files of their weights and with their config.json where there is one.
 * Throws PIPELINES_NETWORK for a damaged config.json, ONNX_MALFORMED for a file that is no graph or names weights outside of its folder, ENGINE_MISSING_FILE for weights that are not there.
 */
export async function readExportFolder(
  folder: string,
  ctx: Pick<NodeContext, 'files'>,
): Promise<Partial<Record<ExportedPart, Model['components'][string]>>> {
  const found: Partial<Record<ExportedPart, Model['components'][string]>> = {};
  for (const part of parts) {
    const path = join(folder, part, 'model.onnx');
    if ((await ctx.files.exists(path)) !== 'file') continue;
    const configPath = join(folder, part, 'config.json');
    const config = (await ctx.files.exists(configPath)) === 'file' ? jsonIn(configPath, await ctx.files.read(configPath)) : {};
    const files: Record<string, FileRef> = {};
    for (const location of describeExport(await ctx.files.read(path)).locations)
      files[location] = await ctx.files.ref(join(folder, part, location));
    found[part] = { config, weights: await ctx.files.ref(path), files, format: 'onnx' };
  }
  return found;
}

function jsonIn(path: string, bytes: Uint8Array): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw err.NETWORK(path, 'an object of JSON', 'something else');
}
