// facewright batch: a graph over the rows of a data file, to a folder of results that a later call goes on with.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BatchActivity, type BatchDetails, type BatchRequest, type BatchRowRecord, type BatchSummary } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import { applySettings } from '../apply-settings.ts';
import { err } from '../errors.ts';
import type { GateResult } from '../gates/check-gates.ts';
import { allOf } from '../problem-list.ts';
import { readGraph } from '../read-graph.ts';
import { checkWritable, GATE_FAILED } from '../run-command.ts';
import type { BatchDesk } from './batch-desk.ts';
import { openResultsFolder, readNote, writeNote, type FolderNote } from './results-folder.ts';
import { openGateBook, parseBatchGate, type BatchGate } from './score-gates.ts';

export interface BatchCommand {
  readonly template?: string | undefined;
  readonly settings: readonly string[];
  readonly data?: string | undefined;
  /** COLUMN=NODE.INPUT, or COLUMN= for a column that is not to be used. */
  readonly map: readonly string[];
  /** NODE.INPUT=VALUES. */
  readonly matrix: readonly string[];
  readonly runs: number;
  readonly name?: string | undefined;
  readonly out?: string | undefined;
  /** A batch to go on with; true: the one of the folder, if there is one. */
  readonly resume?: string | true | undefined;
  readonly retryFailed: boolean;
  readonly stopAfterErrors?: number | undefined;
  readonly gates: readonly string[];
  readonly dryRun: boolean;
  /** Leaves the work to the server. */
  readonly detach: boolean;
  /** The desk that a folder's batch is at, or the one that the options ask for. */
  open(place?: FolderNote['place']): Promise<BatchDesk>;
  readonly signal: AbortSignal;
  readonly show: {
    progress(summary: BatchSummary, activity: BatchActivity | null): void;
    row(record: BatchRowRecord): void;
    end(summary: BatchSummary): void;
    gates(results: readonly GateResult[]): void;
    check(check: Awaited<ReturnType<BatchDesk['check']>>): void;
    say(text: string): void;
  };
}

/** Some rows failed, or too many did. */
const ROWS_FAILED = 2;
const PAUSED = 130;
/** Rows that are asked for at once. */
const PAGE = 500;

/** 0 when every row was run well, 2 when some failed, 3 when a gate did not hold, 130 when it was paused. Throws what keeps it from beginning, all problems at once. */
export async function batchCommand(command: BatchCommand): Promise<number> {
  const { template, out, resume, retryFailed, dryRun, detach, open, signal, show } = command;
  const gates = allOf(command.gates, parseBatchGate);
  const note = out !== undefined && (await stat(join(out, 'batch.json')).catch(() => null)) ? await readNote(out) : null;
  if (note && resume === undefined && !dryRun) throw err.OUT_TAKEN(out!, note.batch);
  const known = typeof resume === 'string' ? resume : resume === true ? note?.batch : undefined;
  if (known === undefined && template === undefined)
    throw resume === true && out !== undefined ? err.NO_BATCH(out, 'nothing of that name') : err.NO_TEMPLATE();
  if (out !== undefined && !dryRun) await checkWritable(out);
  const desk = await open(known !== undefined && known === note?.batch ? note.place : undefined);
  try {
    let batch: BatchDetails;
    if (known !== undefined) {
      batch = await desk.get(known);
      if (describes(command)) show.say(`Goes on with batch ${known} as it was begun; what describes a new one is not looked at`);
    } else {
      const request = await requestOf(command, desk);
      if (dryRun) {
        const check = await desk.check(request);
        show.check(check);
        return check.problemCount === 0 ? 0 : 1;
      }
      batch = await desk.create(request);
    }
    const { id } = batch;
    if (out !== undefined) await writeNote(out, { batch: id, place: desk.place });
    if (retryFailed) batch = await desk.steer(id, 'retryFailed');
    if (batch.status === 'paused' || batch.status === 'stopped') batch = await desk.steer(id, 'continue');
    if (detach) {
      show.say(`Batch ${id} is queued, ${batch.count} rows`);
      return 0;
    }
    await watch(command, desk, id);
    const { status, failed } = (batch = await desk.get(id));
    show.end(batch);
    if (out !== undefined) show.say(`Results are in ${out}`);
    if (signal.aborted && status === 'paused') {
      show.say(`It goes on with: facewright batch --resume ${out === undefined ? id : `--out ${out}`}`);
      return PAUSED;
    }
    const held = gates.length === 0 || (await checkGates(gates, desk, id, show.gates));
    return !held ? GATE_FAILED : failed > 0 || status !== 'finished' ? ROWS_FAILED : 0;
  } finally {
    await desk.close();
  }
}

/** Runs the batch or waits for it, and writes what comes of it as it comes. */
async function watch({ out, signal, show }: BatchCommand, desk: BatchDesk, id: string): Promise<void> {
  const folder = out === undefined ? null : openResultsFolder(out, id, desk);
  let told = (await desk.get(id)).lastRecorded;
  let writing: Promise<void> | undefined;
  let failure: unknown;
  const stop = new AbortController();
  const update = async () => {
    for (let rows; (rows = await desk.recordedSince(id, told, PAGE)).length > 0; told = rows.at(-1)!.recorded) rows.forEach(show.row);
    await folder?.update();
  };
  const changed = (summary: BatchSummary, activity: BatchActivity | null) => {
    show.progress(summary, activity);
    // One at a time; what comes meanwhile is taken with the next.
    writing ??= update()
      .catch((error: unknown) => {
        // A server that is started again: what is missing comes with the next change, or at the end.
        if (error instanceof CodedError && error.code === err.NO_SERVER('', '').code) return;
        failure ??= error;
        stop.abort();
      })
      .finally(() => {
        writing = undefined;
      });
  };
  await desk.work(id, changed, AbortSignal.any([signal, stop.signal]));
  await writing;
  if (failure) throw failure;
  await update();
  await folder?.finish();
}

async function checkGates(
  gates: readonly BatchGate[],
  desk: BatchDesk,
  id: string,
  tell: (results: readonly GateResult[]) => void,
): Promise<boolean> {
  const book = openGateBook(gates);
  for (let after = 0, rows; (rows = await desk.ran(id, after, PAGE)).length > 0; after = rows.at(-1)!.row) rows.forEach(book.add);
  const results = book.results();
  tell(results);
  return results.every(({ passed }) => passed);
}

async function requestOf(command: BatchCommand, desk: BatchDesk): Promise<BatchRequest> {
  const graph = applySettings(await readGraph(command.template!), command.settings, desk.definitions);
  const map = new Map<string, string[]>();
  for (const [column, target] of allOf(command.map, (text) => splitOption('map', text, 'COLUMN=NODE.INPUT')))
    map.set(column, [...(map.get(column) ?? []), ...(target === '' ? [] : [target])]);
  const matrix = allOf(command.matrix, (text) => splitOption('matrix', text, 'NODE.INPUT=VALUE,…'));
  const data = command.data === undefined ? {} : await desk.data(command.data);
  return {
    graph,
    ...data,
    ...(command.name !== undefined && { name: command.name }),
    map: Object.fromEntries(map),
    matrix: Object.fromEntries(matrix),
    runs: command.runs,
    stopAfterErrors: command.stopAfterErrors ?? null,
  };
}

/** Whether the call says what a batch is to be, which is fixed once it has begun. */
const describes = ({ template, data, map, matrix, settings, name, runs, stopAfterErrors }: BatchCommand): boolean =>
  [template, data, name, stopAfterErrors].some((given) => given !== undefined) ||
  map.length + matrix.length + settings.length > 0 ||
  runs > 1;

/** Before the last = of a map, since columns are called what they like; before the first of a matrix, since values may hold one. */
function splitOption(option: 'map' | 'matrix', text: string, want: string): [string, string] {
  const at = option === 'map' ? text.lastIndexOf('=') : text.indexOf('=');
  if (at < 1) throw err.BAD_OPTION(option, want, text);
  return [text.slice(0, at), text.slice(at + 1)];
}
