// What a run gave, as files that people open: pictures, reports, tables, and run.json which says what is what.
import { join } from 'node:path';
import { picturesIn, withPictureGraph, type Asset, type Graph, type NodeOutputs } from '@facewright/core';
import { collectAssets } from '@facewright/engine';
import { extensionOf, writeWhole } from '@facewright/server';
import { isReport } from './gates/check-gates.ts';

const plain = (name: string) =>
  name
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 60);

interface Named {
  readonly asset: Asset;
  readonly path: string;
  readonly node: string;
  readonly key: string;
  readonly caption: string;
}

/** Each asset once, named after node, output and picture, with a folder for each subgraph on the way; the first report is report.html and report.json. */
function nameFiles(outputs: Readonly<Record<string, NodeOutputs>>): Named[] {
  const named = new Map<string, Named>();
  let reports = 0;
  for (const [node, ports] of Object.entries(outputs))
    for (const [port, value] of Object.entries(ports)) {
      const pictures = picturesIn(value);
      const add = (asset: Asset, path: string) => {
        const { key = '', caption = '' } = pictures.get(asset.id) ?? {};
        if (!named.has(asset.id)) named.set(asset.id, { asset, path, node, key, caption });
      };
      if (isReport(value)) {
        const base = reports++ === 0 ? 'report' : `report-${node.replaceAll(':', '-')}`;
        add(value.html, `${base}.html`);
        add(value.json, `${base}.json`);
        if (value.csv) add(value.csv, `${base}.csv`);
      }
      collectAssets(value).forEach((asset, i) => {
        const label = plain(pictures.get(asset.id)?.key ?? '').replace(/\.\w{3,4}$/, '');
        add(
          asset,
          join(
            'outputs',
            ...node.split(':'),
            `${port}-${String(i + 1).padStart(3, '0')}${label && `-${label}`}.${extensionOf(asset.mediaType)}`,
          ),
        );
      });
    }
  return [...named.values()];
}

/** Writes every asset of the outputs into the folder, each PNG with the graph that made it; gives the relative path of each, by asset id. Throws SERVER_DISK_FULL and what `read` throws. */
export async function saveOutputs(
  outputs: Readonly<Record<string, NodeOutputs>>,
  graph: Graph,
  read: (asset: Asset) => Promise<Uint8Array>,
  folder: string,
): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const { asset, path, ...of } of nameFiles(outputs)) {
    await writeWhole(join(folder, path), withPictureGraph(await read(asset), { graph, ...of }));
    files[asset.id] = path;
  }
  return files;
}
