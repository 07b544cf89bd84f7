// What a job needs of memory, by what jobs of the same graph took before; at the first time, by the sizes of the model files that it names.
import { createHash } from 'node:crypto';
import type { Catalogue, Graph, GraphContent } from '@facewright/core';
import { canonicalJson } from '@facewright/engine';
import { sizeText } from '@facewright/runtime';
import type { Database } from '../data/database.ts';
import type { Need } from './memory-ledger.ts';
import type { UserFiles } from '../files/user-files.ts';

export interface JobMemory {
  /** Null when nothing is known. */
  needOf(graph: Graph): Promise<Need | null>;
  /** `peak`: bytes that its worker had resident at most, weights that are read in place included. */
  learn(graph: Graph, peak: number): void;
}

/** Of one graph. A worker also holds models of jobs before, so the highest of a few says enough, and is forgotten in time. */
const KEPT = 5;
/** Graphs. */
const KEPT_GRAPHS = 1000;

export function createJobMemory(database: Database, catalogue: Catalogue, files: Pick<UserFiles, 'wholeSize' | 'resolve'>): JobMemory {
  const select = database.prepare<[string], string>('SELECT peaks FROM job_memory WHERE graph = ?').pluck();
  const upsert = database.prepare(
    'INSERT INTO job_memory (graph, peaks, updated) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET peaks = excluded.peaks, updated = excluded.updated',
  );
  const forget = database.prepare(
    `DELETE FROM job_memory WHERE graph IN (SELECT graph FROM job_memory ORDER BY updated DESC LIMIT -1 OFFSET ${KEPT_GRAPHS})`,
  );
  const peaksOf = (key: string) => JSON.parse(select.get(key) ?? '[]') as number[];

  const contents = ({ nodes, links, subgraphs = {} }: Graph): GraphContent[] => [{ nodes, links }, ...Object.values(subgraphs)];
  const portOf = (type: string, input: string) => catalogue.get(type)?.definition.inputs[input]?.type;
  /** Of a graph without what changes from run to run and takes no memory: seeds and texts, names and places. */
  function keyOf(graph: Graph): string {
    const kept = contents(graph).map(({ nodes, links }) => [
      Object.entries(nodes).map(([id, { type, values }]) => [
        id,
        type,
        Object.entries(values).filter(([input]) => !['seed', 'text'].includes(portOf(type, input)?.kind ?? '')),
      ]),
      links,
    ]);
    return createHash('sha256').update(canonicalJson(kept)).digest('hex');
  }
  async function bytesOfModels(graph: Graph): Promise<number> {
    const paths = contents(graph).flatMap(({ nodes }) =>
      Object.values(nodes).flatMap(({ type, values }) =>
        Object.entries(values).flatMap(([input, value]) => {
          const port = portOf(type, input);
          return port?.kind === 'path' && port.models && typeof value === 'string' ? [files.resolve(value)] : [];
        }),
      ),
    );
    const sizes = await Promise.all([...new Set(paths)].map((path) => files.wholeSize(path)));
    return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  }

  return {
    async needOf(graph) {
      const before = Math.max(0, ...peaksOf(keyOf(graph)));
      if (before > 0) return { bytes: before, basis: `it took ${sizeText(before)} before` };
      const models = await bytesOfModels(graph);
      return models > 0 ? { bytes: models, basis: `the models that it names take ${sizeText(models)}` } : null;
    },
    learn(graph, peak) {
      const key = keyOf(graph);
      try {
        upsert.run(key, JSON.stringify([...peaksOf(key), peak].slice(-KEPT)), new Date().toISOString());
        forget.run();
      } catch {
        // A full disk costs the guess, never the job.
      }
    },
  };
}
