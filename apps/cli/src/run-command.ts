// facewright run: a graph from a file to its outputs in a folder.
import { join, resolve } from 'node:path';
import { isTerminal, type RunEvent, type RunEventBody } from '@facewright/core';
import { writeWhole } from '@facewright/server';
import { applySettings } from './apply-settings.ts';
import { problemsOf } from './problem-list.ts';
import { readGraph } from './read-graph.ts';
import type { RunSource } from './run-source.ts';
import { saveOutputs } from './save-outputs.ts';

export interface RunCommand {
  readonly path: string;
  readonly settings: readonly string[];
  readonly out?: string | undefined;
  open(): Promise<RunSource>;
  /** Every event, the terminal one last and exactly once, when everything is written. */
  show(event: RunEventBody): void;
  /** The folder of outputs and run.json, once they are there. */
  saved(folder: string): void;
  readonly signal: AbortSignal;
}

/** 0 on success, 130 when cancelled, 1 otherwise. */
export async function runCommand({ path, settings, out, open, show, saved, signal }: RunCommand): Promise<number> {
  let terminal: RunEventBody;
  let source: RunSource | undefined;
  try {
    const document = await readGraph(path);
    source = await open();
    const graph = applySettings(document, settings, source.definitions);
    const folder = out ?? source.outputFolder;
    const events: RunEvent[] = [];
    await source.run(
      graph,
      (event) => {
        events.push(event);
        if (!isTerminal(event)) show(event);
      },
      signal,
    );
    const last = (terminal = events.at(-1)!);
    if (folder !== null) {
      const files = last.type === 'run_succeeded' ? await saveOutputs(last.outputs, graph, source.read, resolve(folder)) : {};
      const started = events.find((event) => event.type === 'run_started');
      await writeWhole(
        join(folder, 'run.json'),
        JSON.stringify({ ...last, graph, provider: started?.provider ?? null, plan: started?.plan ?? [], files }, null, 2),
      );
      saved(resolve(folder));
    }
  } catch (error) {
    terminal = { type: 'run_failed', problems: problemsOf(error) };
  } finally {
    await source?.close();
  }
  show(terminal);
  return terminal.type === 'run_succeeded' ? 0 : terminal.type === 'run_cancelled' ? 130 : 1;
}
