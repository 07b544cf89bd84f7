// From what is asked for to a batch that can run: columns matched, values checked, rows counted, and everything that is wrong with it at once.
import { basename, dirname } from 'node:path';
import {
  batchRequestSchema,
  migrateGraph,
  parseGraph,
  prepareGraph,
  toProblem,
  withSubgraphs,
  type BatchCheck,
  type BatchData,
  type Catalogue,
  type Graph,
  type Problem,
} from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import type { z } from 'zod';
import type { DataFolder } from '../data/data-folder.ts';
import { err } from '../errors.ts';
import { axisValues } from './axis-values.ts';
import { checkRows, Problems, type CheckedRows } from './check-rows.ts';
import { matchColumns } from './match-columns.ts';
import { givenRows, openDataFile, PICTURE_ENDINGS, pictureRows, type Data } from './read-data.ts';
import { countRows, valuesOf, withValues, type RowPlan } from './row-plan.ts';
import { findTarget, targetsOf, type Target } from './targets.ts';
import { typedCell } from './typed-cell.ts';

export type Request = z.output<typeof batchRequestSchema>;
export interface PreparedBatch {
  readonly check: BatchCheck;
  readonly name: string;
  /** Null when the graph has not even the form of one. */
  readonly graph: Graph | null;
  readonly plan: RowPlan;
  readonly rows: CheckedRows;
  readonly request: Request;
}
export interface Preparing {
  readonly catalogue: Catalogue;
  readonly data: Pick<DataFolder, 'assets' | 'files'>;
  /** Seconds of a row, of which `first` is the first, and from what it is known. */
  secondsOf(graph: Graph, first: Graph): Promise<{ readonly secondsPerRow: number; readonly from: string } | null>;
}

/** Throws SERVER_BAD_REQUEST with everything that is wrong with the form of the request. */
export function parseRequest(json: unknown): Request {
  const parsed = batchRequestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.') || 'batch'}: ${message}`);
  throw err.BAD_REQUEST('batch', 'graph, data, map, matrix, runs and stopAfterErrors as /api/v1/openapi.json says', where.join('; '));
}

/** Throws SERVER_BATCH_DATA, SERVER_NO_SUCH, ENGINE_MISSING_FOLDER. */
export async function openData(
  given: BatchData,
  { assets, files }: Pick<DataFolder, 'assets' | 'files'>,
): Promise<{ readonly data: Data; readonly base: string | null }> {
  if ('rows' in given) return { data: givenRows(given.rows), base: null };
  if ('asset' in given) {
    const stored = await assets.find(given.asset);
    if (!stored) throw err.NO_SUCH('asset', given.asset);
    return { data: openDataFile(given.name, stored.path), base: null };
  }
  const place = files.resolve(given.path);
  const kind = await files.kind(place);
  if (kind === null) throw err.BATCH_DATA(given.path, 'a file or a folder', 'nothing of that name');
  if (kind === 'folder') return { data: pictureRows(place, await files.list(place, PICTURE_ENDINGS)), base: null };
  return { data: openDataFile(basename(place), place), base: dirname(place) };
}

const nothing: CheckedRows = { dataRows: 0, blocks: [], preview: [], sound: null };

export async function prepareBatch(request: Request, { catalogue, data: folder, secondsOf }: Preparing): Promise<PreparedBatch> {
  const problems = new Problems();
  /** What is thrown becomes a problem, and the rest is looked at all the same. */
  const attempt = async <T>(instead: T, work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      problems.add(toProblem(error));
      return instead;
    }
  };
  const parsed = parseGraph(request.graph);
  parsed.problems?.forEach((problem) => problems.add(problem));
  const graph = parsed.graph ? migrateGraph(parsed.graph, catalogue).graph : null;
  const definitions = graph ? withSubgraphs(graph, catalogue) : catalogue;
  const targets = graph ? targetsOf(graph, definitions) : [];

  const opened = request.data ? await attempt(null, () => openData(request.data!, folder)) : null;
  const readable = opened ? await attempt(null, () => opened.data.columns()) : null;
  const columnNames = readable ?? [];
  const matched =
    // Of data that could not be read nobody knows which columns it has.
    graph && (columnNames.length > 0 || !request.data)
      ? matchColumns(columnNames, request.map, graph, definitions, targets)
      : { columns: columnNames.map((column) => ({ column, targets: [] })), problems: [], notes: [] };
  matched.problems.forEach((problem) => problems.add(problem));
  const notes = [...matched.notes];

  const taken = new Set(matched.columns.flatMap((column) => column.targets));
  const findSide = (text: string): Target => {
    try {
      return findTarget(text, graph!, definitions, targets);
    } catch (error) {
      throw error instanceof CodedError ? error.at(`matrix ${text}`) : error;
    }
  };
  const matrix: { target: string; values: BatchCheck['matrix'][number]['values'] }[] = [];
  if (graph)
    for (const [text, given] of Object.entries(request.matrix))
      await attempt(undefined, () => {
        const target = findSide(text);
        if (taken.has(target.name)) throw err.BATCH_TWICE(target.name, ['a column or another side', 'the matrix']);
        taken.add(target.name);
        matrix.push({ target: target.name, values: checkSide(target, axisValues(target.name, target.port.type, given), problems) });
        if (target.linked) notes.push(`${target.name}: the matrix takes the place of its link`);
      });

  const seeds = targets.filter(({ name, linked, port: { type } }) => type.kind === 'seed' && !linked && !taken.has(name));
  if (columnNames.length > 0 && taken.size === 0) notes.push('No column sets an input, so every row runs the same graph.');
  if (request.runs > 1 && graph && seeds.length === 0)
    notes.push('The graph has no seed that is free, so every run of a row is the same and taken from store.');
  const plan: RowPlan = {
    columns: matched.columns,
    matrix,
    seeds: seeds.map(({ name, node, input, port }) => ({
      target: name,
      seed: (graph!.nodes[node]!.values[input] as number | undefined) ?? (port.default as number | undefined) ?? 0,
    })),
    runs: request.runs,
    types: Object.fromEntries(targets.filter(({ name }) => taken.has(name)).map(({ name, port }) => [name, port.type])),
  };

  const rows = !request.data
    ? { dataRows: 1, blocks: ['[[]]'], preview: [], sound: {} }
    : opened && readable
      ? await attempt(nothing, () =>
          checkRows(opened.data, { columns: matched.columns, targets, base: request.base ?? opened.base, looking: folder }, problems),
        )
      : nothing;
  if (opened && rows.dataRows === 0 && problems.count === 0)
    problems.add(toProblem(err.BATCH_DATA(opened.data.name, 'at least one row', 'none')));
  const count = await attempt(0, () => countRows(plan, rows.dataRows));
  if (graph) wrongWith(graph, plan, rows, catalogue).forEach((problem) => problems.add(problem));

  const known = graph && problems.count === 0 ? await secondsOf(graph, firstRow(graph, plan, rows)) : null;
  return {
    name: request.name ?? [graph?.name ?? 'Untitled', ...(opened ? [opened.data.name] : [])].join(' · '),
    graph,
    plan,
    rows,
    request,
    check: {
      columns: matched.columns,
      matrix,
      seeds: request.runs > 1 ? plan.seeds.map(({ target }) => target) : [],
      dataRows: rows.dataRows,
      count,
      preview: rows.preview,
      problems: problems.told,
      problemCount: problems.count,
      notes,
      estimate: known && { ...known, seconds: known.secondsPerRow * count },
    },
  };
}

/** The values as the input takes them; those that it refuses are problems. */
function checkSide(
  target: Target,
  values: BatchCheck['matrix'][number]['values'],
  problems: Problems,
): BatchCheck['matrix'][number]['values'] {
  return values.map((value) => {
    const typed = typedCell(target.port.type, value);
    try {
      target.port.check(typed);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      problems.add(toProblem(error.at(`matrix ${target.name}`), { node: target.node, port: target.input }));
    }
    return typed;
  });
}

/** The graph as the first sound row runs it. */
const firstRow = (graph: Graph, plan: RowPlan, { sound }: CheckedRows): Graph =>
  withValues(
    graph,
    valuesOf(
      plan,
      sound ?? {},
      plan.matrix.map(() => 0),
      0,
    ),
  );

/** What is wrong with the graph itself, seen with the values of a sound row: what rows or the matrix bring was checked by itself. */
function wrongWith(graph: Graph, plan: RowPlan, rows: CheckedRows, catalogue: Catalogue): readonly Problem[] {
  const isSet = new Set(Object.keys(plan.types));
  return prepareGraph(firstRow(graph, plan, rows), catalogue).problems.filter(
    ({ node, port }) => node === undefined || port === undefined || !isSet.has(`${node}.${port}`),
  );
}
