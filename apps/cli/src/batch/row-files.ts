// The files of a row: named by its number, node and output, so that a folder of them reads in order.
import { join } from 'node:path';
import { picturesIn, withPictureGraph, type Asset, type BatchRowRecord, type Graph } from '@facewright/core';
import { collectAssets } from '@facewright/engine';
import { extensionOf, withValues, writeWhole } from '@facewright/server';

const plain = (name: string) => name.replace(/[^\p{L}\p{N}_-]+/gu, '-');

export interface RowFile {
  readonly asset: Asset;
  /** Relative to the folder of results. */
  readonly path: string;
  readonly node: string;
}
/** Each asset once; several of one kind and output are numbered. */
export function rowFiles({ row, outputs }: BatchRowRecord): readonly RowFile[] {
  const files = new Map<string, RowFile>();
  for (const [node, ports] of Object.entries(outputs))
    for (const [output, value] of Object.entries(ports)) {
      const assets = collectAssets(value);
      for (const [extension, alike] of Map.groupBy(assets, ({ mediaType }) => extensionOf(mediaType)))
        for (const [i, asset] of alike.entries()) {
          const number = alike.length > 1 ? `-${String(i + 1).padStart(String(alike.length).length, '0')}` : '';
          const name = `${String(row).padStart(6, '0')}-${plain(node)}-${output}${number}.${extension}`;
          if (!files.has(asset.id)) files.set(asset.id, { asset, path: join('files', name), node });
        }
    }
  return [...files.values()];
}

/** Writes them, each PNG with the graph of its row. Throws SERVER_DISK_FULL and what `read` throws. */
export async function saveRowFiles(
  record: BatchRowRecord,
  template: Graph,
  read: (asset: Asset) => Promise<Uint8Array>,
  folder: string,
): Promise<void> {
  const graph = withValues(template, record.values);
  const pictures = picturesIn(record.outputs);
  for (const { asset, path, node } of rowFiles(record)) {
    const { key = '', caption = '' } = pictures.get(asset.id) ?? {};
    await writeWhole(join(folder, path), withPictureGraph(await read(asset), { graph, node, key, caption }));
  }
}
