// A graph from a file of the user.
import { readFile } from 'node:fs/promises';
import { parseGraphText, type Graph } from '@facewright/core';
import { err } from './errors.ts';
import { ProblemList } from './problem-list.ts';

/** Throws CLI_NO_FILE, or a ProblemList with everything that is wrong with its form. */
export async function readGraph(path: string): Promise<Graph> {
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw err.NO_FILE(path, cause.message);
  });
  const { graph, problems } = parseGraphText(text);
  if (!graph) throw new ProblemList(problems);
  return graph;
}
