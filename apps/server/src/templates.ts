// The graphs that come with Facewright: templates/*.json.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseGraphText, type Graph } from '@facewright/core';
import { err } from './errors.ts';

export interface Templates {
  list(): Promise<{ readonly name: string; readonly title: string; readonly description: string }[]>;
  /** Throws SERVER_NO_SUCH. */
  get(name: string): Promise<Graph>;
}

/** `warn` hears of files that are no graphs; they are left out. */
export function openTemplates(folder: string, warn: (message: string) => void): Templates {
  async function read(): Promise<Map<string, Graph>> {
    const found = new Map<string, Graph>();
    for (const file of (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json')).sort()) {
      const { graph, problems } = parseGraphText(await readFile(join(folder, file), 'utf8'));
      if (graph) found.set(file.slice(0, -5), graph);
      else warn(`template ${file} is left out: ${problems.map(({ message }) => message).join('; ')}`);
    }
    return found;
  }
  return {
    list: async () => [...(await read())].map(([name, graph]) => ({ name, title: graph.name, description: graph.description })),
    async get(name) {
      const graph = (await read()).get(name);
      if (!graph) throw err.NO_SUCH('template', name);
      return graph;
    },
  };
}
