// What the locks of runs need from this machine: versions, the device, and digests of the files that a graph names.
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { assetIdOf, judgingTaskOf, type LockedFile } from '@facewright/core';
import type { LockedGraph, Surroundings } from '@facewright/engine';
import type { DataFolder } from './data-folder.ts';

const versionIn = (from: string, file: string): string => (createRequire(from)(file) as { readonly version: string }).version;

/** `device`: what the provider says of itself. */
export const surroundingsOf = (provider: string, device: string): Surroundings => ({
  facewright: versionIn(import.meta.url, '../package.json'),
  nodejs: process.versions.node,
  // Not loaded here: the server process computes nothing.
  onnxruntime: versionIn(import.meta.resolve('@facewright/runtime'), 'onnxruntime-node/package.json'),
  platform: `${platform()} ${arch()}`,
  device,
  provider,
});

/** Assets are named by their content already, and judging tasks are no files. */
export async function lockFiles(
  { paths }: Pick<LockedGraph, 'paths'>,
  { files, judging }: Pick<DataFolder, 'files' | 'judging'>,
): Promise<Record<string, LockedFile>> {
  const locked: Record<string, LockedFile> = {};
  for (const [path, { model }] of paths) {
    if (assetIdOf(path) !== null) continue;
    const task = judgingTaskOf(path);
    locked[path] =
      task === null ? { model, ...(await files.content(path)) } : { model, bytes: 0, sha256: hexOf(judging.digest(task)) };
  }
  return locked;
}
const hexOf = (digest: string): string | null => /[0-9a-f]{64}/.exec(digest)?.[0] ?? null;
