// The lock of a run, with what it needs from this machine: versions, the device, and digests of the files that a graph names.
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import {
  assetIdOf,
  judgingTaskOf,
  type Catalogue,
  type Graph,
  type LockedFile,
  type RunEvent,
  type RunEventBody,
  type RunLock,
} from '@facewright/core';
import { lockGraph, makeLock, type LockedGraph, type Surroundings } from '@facewright/engine';
import type { DataFolder } from '../data/data-folder.ts';
import { err } from '../errors.ts';

const versionIn = (from: string, file: string): string => (createRequire(from)(file) as { readonly version: string }).version;

/** `device`: what the provider says of itself. */
export const surroundingsOf = (provider: string, device: string): Surroundings => ({
  facewright: versionIn(import.meta.url, '../../package.json'),
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
    locked[path] = task === null ? { model, ...(await files.content(path)) } : { model, bytes: 0, sha256: hexOf(judging.digest(task)) };
  }
  return locked;
}
const hexOf = (digest: string): string | null => /[0-9a-f]{64}/.exec(digest)?.[0] ?? null;

export interface LockRun {
  readonly run: string;
  readonly graph: Graph;
  readonly targets?: readonly string[] | undefined;
  /** Of the run, in order; only the start, the results of nodes and the end are looked at. */
  readonly events: readonly (RunEventBody & Pick<RunEvent, 'time'>)[];
  readonly catalogue: Catalogue;
  readonly data: Pick<DataFolder, 'files' | 'judging'>;
  /** What a provider says of itself. */
  deviceOf(provider: string): string;
}
/** Rejects with SERVER_NO_LOCK for a run that did not succeed. */
export async function lockRun({ run, graph, targets, events, catalogue, data, deviceOf }: LockRun): Promise<RunLock> {
  const started = events.findLast((event) => event.type === 'run_started');
  const last = events.at(-1);
  if (!started || last?.type !== 'run_succeeded') throw err.NO_LOCK(run, last?.type ?? 'no events');
  const { locked, problems } = lockGraph(graph, catalogue, targets);
  if (!locked) throw err.NO_LOCK(run, `one that does not run any more: ${problems.map(({ message }) => message).join('; ')}`);
  return makeLock(locked, {
    run,
    made: last.time,
    surroundings: surroundingsOf(started.provider, deviceOf(started.provider)),
    files: await lockFiles(locked, data),
    plan: started.plan,
    outputs: last.outputs,
    results: new Map(
      events.flatMap((event) =>
        event.type === 'node_finished' || event.type === 'node_cached' ? [[event.node, event.outputs] as const] : [],
      ),
    ),
  });
}
