// facewright run: a graph from a file to its outputs in a folder, and its reports against gates.
import { access, constants, mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  isTerminal,
  messageOf,
  prepareGraph,
  type Definitions,
  type Graph,
  type RunEvent,
  type RunEventBody,
  type RunLock,
} from '@facewright/core';
import { writeWhole } from '@facewright/server';
import { applySettings } from './apply-settings.ts';
import { err } from './errors.ts';
import { checkGates, readReports, type GateResult } from './gates/check-gates.ts';
import { knownMetrics } from './gates/known-metrics.ts';
import { findName, parseGate, type Gate } from './gates/parse-gate.ts';
import { allOf, problemsOf } from './problem-list.ts';
import { readGraph } from './read-graph.ts';
import type { RunSource } from './run-source.ts';
import { saveOutputs } from './save-outputs.ts';

export interface RunCommand {
  readonly path: string;
  readonly settings: readonly string[];
  /** Nodes whose results are wanted; without it the output nodes. */
  readonly targets?: readonly string[] | undefined;
  /** Conditions on the reports, as `parseGate` reads them. */
  readonly gates?: readonly string[];
  readonly out?: string | undefined;
  open(): Promise<RunSource>;
  /** Every event, the terminal one last and exactly once, when everything is written. */
  show(event: RunEventBody): void;
  /** The folder of outputs run.json and run.lock.json, once they are there. */
  saved(folder: string): void;
  /** What went wrong beside the run. */
  complain(message: string): void;
  /** What came of the gates, before the terminal event. */
  judged?(results: readonly GateResult[]): void;
  readonly signal: AbortSignal;
}

/** The run succeeded, and a gate did not hold. */
export const GATE_FAILED = 3;

/** Hours of training are not to end at a folder that cannot be written. Throws CLI_BAD_OPTION. */
export async function checkWritable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw err.BAD_OPTION('out', 'a folder that can be written', `${folder} (${messageOf(cause)})`);
  }
}

/** 0 on success, 130 when cancelled, 3 when a gate did not hold, 1 otherwise. */
export async function runCommand({
  path,
  settings,
  targets,
  gates = [],
  out,
  open,
  show,
  saved,
  complain,
  judged,
  signal,
}: RunCommand): Promise<number> {
  let failed = false;
  let terminal: RunEventBody;
  let source: RunSource | undefined;
  try {
    const conditions = allOf(gates, parseGate);
    const document = await readGraph(path);
    if (out !== undefined) await checkWritable(out);
    source = await open();
    const graph = applySettings(document, settings, source.definitions);
    checkNames(conditions, graph, source.definitions);
    const folder = out ?? source.outputFolder;
    const events: RunEvent[] = [];
    const job = { graph, ...(targets && { targets }) };
    await source.run(
      job,
      (event) => {
        events.push(event);
        if (!isTerminal(event)) show(event);
      },
      signal,
    );
    const last = (terminal = events.at(-1)!);
    const results =
      conditions.length > 0 && last.type === 'run_succeeded' ? checkGates(conditions, await readReports(last.outputs, source.read)) : null;
    if (folder !== null) {
      const files = last.type === 'run_succeeded' ? await saveOutputs(last.outputs, graph, source.read, resolve(folder)) : {};
      const started = events.find((event) => event.type === 'run_started');
      await writeWhole(
        join(folder, 'run.json'),
        JSON.stringify(
          {
            ...last,
            graph,
            ...(targets && { targets }),
            provider: started?.provider ?? null,
            plan: started?.plan ?? [],
            files,
            ...(results && { gates: results }),
          },
          null,
          2,
        ),
      );
      if (last.type === 'run_succeeded') await writeLock(join(folder, 'run.lock.json'), () => source!.lock(job, events), complain);
      saved(resolve(folder));
    }
    if (results) {
      failed = results.some(({ passed }) => !passed);
      judged?.(results);
    }
  } catch (error) {
    terminal = { type: 'run_failed', problems: problemsOf(error) };
  } finally {
    await source?.close();
  }
  show(terminal);
  if (terminal.type === 'run_succeeded' && failed) return GATE_FAILED;
  return terminal.type === 'run_succeeded' ? 0 : terminal.type === 'run_cancelled' ? 130 : 1;
}

/** A failure costs the lock, not the run, whose outputs are there. */
async function writeLock(path: string, make: () => Promise<RunLock>, complain: (message: string) => void): Promise<void> {
  try {
    // One of an earlier run would be taken for that of this one.
    await rm(path, { force: true });
    await writeWhole(path, JSON.stringify(await make(), null, 2));
  } catch (cause) {
    complain(`run.lock.json: expected to write it, got ${messageOf(cause)}`);
  }
}

/** Wrong names before anything runs, where the graph tells the right ones. Throws a ProblemList of CLI_GATE_METRIC, CLI_GATE_REPORT. */
function checkNames(gates: readonly Gate[], graph: Graph, definitions: Definitions): void {
  if (gates.length === 0) return;
  const { report, names } = knownMetrics(prepareGraph(graph, definitions).graph, definitions);
  allOf(gates, ({ text, metric }) => {
    if (!report) throw err.GATE_REPORT(text);
    if (names && findName(metric, names) === undefined) throw err.GATE_METRIC(text, names);
  });
}
