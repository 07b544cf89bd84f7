// Whether this machine holds what a lock says: versions, files, provider; and whether what the run gave is still whole.
import { assetIdOf, type Catalogue, type Problem, type RunLock } from '@facewright/core';
import { collectAssets, compareLocks, digestOf, lockGraph, makeLock, type Difference } from '@facewright/engine';
import { sha256OfFile } from '@facewright/model-library';
import { lockFiles, surroundingsOf, type DataFolder } from '@facewright/server';

export interface Verified {
  /** Why the graph does not run here at all. */
  readonly problems: readonly Problem[];
  readonly differences: readonly Difference[];
  /** Outputs of the run that this data folder does not have. */
  readonly notStored: number;
  /** Outputs of the run that were read again and are whole. */
  readonly whole: number;
}

/** `provider`: what computes here, with what it says of itself. */
export async function verifyLock(
  lock: RunLock,
  catalogue: Catalogue,
  data: Pick<DataFolder, 'assets' | 'files' | 'judging'>,
  provider: { readonly provider: string; readonly description: string },
): Promise<Verified> {
  const { locked, problems } = lockGraph(lock.graph, catalogue, lock.targets);
  const differences: Difference[] = [];
  if (locked) {
    const surroundings = surroundingsOf(provider.provider, provider.description);
    const files = await lockFiles(locked, data);
    differences.push(
      ...compareLocks(lock, makeLock(locked, { run: lock.run, made: lock.made, surroundings, files, plan: [], outputs: {} })),
    );
    for (const name of assetInputs(lock))
      if (!(await data.assets.find(name)))
        differences.push({ factor: 'input file', message: `asset ${name}: expected it in the data folder, got nothing`, decides: true });
  }
  let notStored = 0;
  let whole = 0;
  for (const [node, ports] of Object.entries(lock.outputs))
    for (const [output, { digest, value }] of Object.entries(ports)) {
      const subject = `output ${output} of node ${node}`;
      if (digestOf(value) !== digest)
        differences.push({ factor: 'output', message: `${subject}: expected what its digest says, got another value`, decides: true });
      for (const { id, bytes } of collectAssets(value)) {
        const stored = await data.assets.find(id);
        if (!stored) notStored++;
        else if (stored.asset.bytes === bytes && `sha256:${await sha256OfFile(stored.path)}` === id) whole++;
        else
          differences.push({
            factor: 'output',
            message: `${subject}, asset ${id}: expected the bytes of its name, got others`,
            decides: true,
          });
      }
    }
  return { problems, differences, notStored, whole };
}

const assetInputs = ({ nodes }: RunLock): Set<string> =>
  new Set(
    Object.values(nodes)
      .flatMap(({ inputs }) => Object.values(inputs))
      .flatMap((input) => {
        const text = 'path' in input ? input.path : 'value' in input && typeof input.value === 'string' ? input.value : '';
        return assetIdOf(text) ?? [];
      }),
  );
