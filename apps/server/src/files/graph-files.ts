// Saved graphs as JSON files that people can copy: graphs/NAME.json in the data folder.
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseGraphText, type Graph } from '@facewright/core';
import { err } from '../errors.ts';
import { isFileName } from './file-name.ts';
import { writeWhole } from './write-file.ts';

/** No separators and no leading dot, so a name cannot leave the folder. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,79}$/u;

export interface GraphFiles {
  list(): Promise<{ readonly name: string; readonly modified: string }[]>;
  /** Throws SERVER_BAD_NAME, SERVER_NO_SUCH, SERVER_BAD_JSON. */
  get(name: string): Promise<Graph>;
  put(name: string, graph: Graph): Promise<void>;
  remove(name: string): Promise<void>;
}

export function createGraphFiles(folder: string): GraphFiles {
  const fileOf = (given: string) => {
    // The same letters, however they were typed, are the same name.
    const name = given.normalize('NFC');
    if (!NAME.test(name) || !isFileName(name)) throw err.BAD_NAME(given.slice(0, 100));
    return join(folder, `${name}.json`);
  };
  return {
    async list() {
      const names = (await readdir(folder).catch(() => []))
        .filter((file) => file.endsWith('.json'))
        .map((file) => file.slice(0, -5))
        .sort();
      return Promise.all(names.map(async (name) => ({ name, modified: (await stat(join(folder, `${name}.json`))).mtime.toISOString() })));
    },
    async get(name) {
      const text = await readFile(fileOf(name), 'utf8').catch(() => {
        throw err.NO_SUCH('graph', name);
      });
      const { graph, problems } = parseGraphText(text);
      if (!graph) throw err.BAD_JSON(problems.map(({ message }) => message).join('; '));
      return graph;
    },
    put: (name, graph) => writeWhole(fileOf(name), `${JSON.stringify(graph, null, 2)}\n`),
    async remove(name) {
      await rm(fileOf(name)).catch(() => {
        throw err.NO_SUCH('graph', name);
      });
    },
  };
}
