// Graphs: read, written out, checked, planned, and kept in pictures.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  describeNode,
  definitionsOf,
  graphOfPicture,
  parseGraph,
  parseGraphText,
  prepareGraph,
  withPngText,
  type Catalogue,
} from '@facewright/core';
import { explainRun } from '@facewright/engine';
import { checkGraph, encodePng, loadNodes, openDataFolder } from '@facewright/server';
import type { Rng } from '@facewright/tensor';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateJson } from './mutate-json.ts';
import { chance, oddValues, pick, type Suite } from './suite.ts';

const templates = join(import.meta.dirname, '../../templates');
const ROUNDS = [1, 2, 3, 50];

/** A graph of any nodes with any links, some of them right, some in subgraphs within each other. */
function randomGraph(rng: Rng, catalogue: Catalogue): unknown {
  const types = [...catalogue.keys()];
  const names = (count: number) => Array.from({ length: count }, (_, i) => `n${i}`);
  const subgraphs = names(rng.integer(3)).map((name) => `s${name}`);
  const contentOf = (count: number, mayUse: readonly string[]) => {
    const ids = names(count);
    const nodes = Object.fromEntries(
      ids.map((id) => {
        const type = mayUse.length > 0 && chance(rng, 0.3) ? `subgraph/${pick(rng, mayUse)}` : pick(rng, types);
        const inputs = Object.keys(catalogue.get(type)?.definition.inputs ?? { x: 0 });
        return [
          id,
          {
            type,
            version: 1 + rng.integer(2),
            values: chance(rng, 0.4) ? { [pick(rng, [...inputs, 'x'])]: pick(rng, oddValues) } : {},
            ...(chance(rng, 0.15) && { mode: pick(rng, ['muted', 'bypassed']) }),
            ...(chance(rng, 0.15) && { repeat: { times: pick(rng, ROUNDS), carry: { out: 'in' } } }),
          },
        ];
      }),
    );
    const portOf = (id: string, side: 'inputs' | 'outputs') =>
      pick(rng, [...Object.keys(catalogue.get(nodes[id]!.type)?.definition[side] ?? {}), side === 'inputs' ? 'in' : 'out']);
    const links = Array.from({ length: rng.integer(count * 2) }, () => {
      const [from, to] = [pick(rng, ids), pick(rng, ids)];
      return { from: [from, portOf(from, 'outputs')], to: [to, portOf(to, 'inputs')] };
    });
    return { ids, portOf, content: { nodes, links } };
  };
  const { content } = contentOf(1 + rng.integer(12), subgraphs);
  return {
    facewright: 1,
    name: 'random',
    ...content,
    ...(subgraphs.length > 0 && {
      subgraphs: Object.fromEntries(
        subgraphs.map((id) => {
          const inner = contentOf(1 + rng.integer(5), subgraphs);
          const [first, last] = [pick(rng, inner.ids), pick(rng, inner.ids)];
          return [
            id,
            {
              title: id,
              ...inner.content,
              inputs: { in: { to: [[first, inner.portOf(first, 'inputs')]] } },
              outputs: { out: { from: [last, inner.portOf(last, 'outputs')] } },
            },
          ];
        }),
      ),
    }),
  };
}

export const graphs: Suite = {
  about: 'graphs: read, written out, checked, planned, kept in pictures',
  limitMs: 5000,
  async open(folder) {
    const catalogue = await loadNodes();
    const described = definitionsOf([...catalogue.values()].map(({ definition }) => describeNode(definition)));
    const texts = readdirSync(templates)
      .filter((name) => name.endsWith('.json'))
      .map((name) => readFileSync(join(templates, name)));
    const documents = texts.map((text) => JSON.parse(text.toString()) as unknown);
    const data = openDataFolder(folder);
    const png = await encodePng({ width: 2, height: 2, channels: 3, data: new Uint8Array(12) });
    const host = { fingerprint: (path: string) => Promise.resolve(`digest of ${path.slice(0, 20)}`) };
    return {
      async one(rng) {
        const kind = rng.integer(4);
        if (kind === 0) {
          const text = new TextDecoder().decode(mutateBytes(rng, pick(rng, texts), texts));
          graphOfPicture(withPngText(png, { facewright: `{"graph":${text}}` }));
          const parsed = parseGraphText(text);
          if (!parsed.graph) return 'refused';
          return prepareGraph(parsed.graph, catalogue).problems.length > 0 ? 'refused' : 'accepted';
        }
        const document = kind === 1 ? randomGraph(rng, catalogue) : mutateJson(rng, pick(rng, documents), documents);
        checkGraph(document, catalogue);
        const { graph } = parseGraph(document);
        if (!graph) return 'refused';
        // The editor checks by descriptions, the server by definitions.
        prepareGraph(graph, described);
        const { problems } = await explainRun({ graph, catalogue, cache: data.cache, history: data.history, host, provider: 'cpu' });
        return problems.length > 0 ? 'refused' : 'accepted';
      },
      close: data.close,
    };
  },
};
