// The graphs that come with Facewright: templates/*.json, each with a picture beside it where there is one.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseGraphText, type Graph } from '@facewright/core';
import { err } from '../errors.ts';

export interface TemplateSummary {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** How many nodes it has. */
  readonly nodes: number;
  /** There is a picture of what it makes: templates/NAME.png. */
  readonly thumbnail: boolean;
}
export interface Templates {
  list(): Promise<TemplateSummary[]>;
  /** Throws SERVER_NO_SUCH. */
  get(name: string): Promise<Graph>;
  /** A PNG. Throws SERVER_NO_SUCH. */
  thumbnail(name: string): Promise<Uint8Array>;
}
interface Template {
  readonly graph: Graph;
  readonly picture: string | null;
}

/** `warn` hears of files that are no graphs; they are left out. */
export function openTemplates(folder: string, warn: (message: string) => void): Templates {
  async function read(): Promise<Map<string, Template>> {
    const found = new Map<string, Template>();
    const files = await readdir(folder).catch((): string[] => []);
    for (const file of files.filter((name) => name.endsWith('.json')).sort()) {
      const { graph, problems } = parseGraphText(await readFile(join(folder, file), 'utf8'));
      const name = file.slice(0, -'.json'.length);
      if (graph) found.set(name, { graph, picture: files.includes(`${name}.png`) ? join(folder, `${name}.png`) : null });
      else warn(`template ${file} is left out: ${problems.map(({ message }) => message).join('; ')}`);
    }
    return found;
  }
  return {
    list: async () =>
      [...(await read())].map(([name, { graph, picture }]) => ({
        name,
        title: graph.name,
        description: graph.description,
        nodes: Object.keys(graph.nodes).length,
        thumbnail: picture !== null,
      })),
    async get(name) {
      const template = (await read()).get(name);
      if (!template) throw err.NO_SUCH('template', name);
      return template.graph;
    },
    async thumbnail(name) {
      const picture = (await read()).get(name)?.picture;
      if (!picture) throw err.NO_SUCH('thumbnail of template', name);
      return readFile(picture);
    },
  };
}
