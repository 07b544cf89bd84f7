// Every value of every row against the input that it sets, before anything runs.
import { isAbsolute, join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import {
  assetIdOf,
  describeType,
  err as coreErr,
  judgingTaskOf,
  toProblem,
  type BatchColumn,
  type BatchProblem,
  type Cell,
  type DataRow,
} from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import type { DataFolder } from '../data/data-folder.ts';
import { err } from '../errors.ts';
import type { Data, ReadRow } from './read-data.ts';
import type { Target } from './targets.ts';
import { typedCell } from './typed-cell.ts';

/** How many problems are told; the others are counted. */
const TOLD = 20;
const PREVIEWED = 20;
/** Rows of data that lie together in the database. */
export const BLOCK = 500;
/** Rows after which others get a turn. */
const BREATH = 2000;

/** What is wrong, as far as anybody wants to read it. */
export class Problems {
  readonly told: BatchProblem[] = [];
  count = 0;
  add(problem: BatchProblem): void {
    if (this.told.length < TOLD) this.told.push(problem);
    this.count++;
  }
}

/** Whether what a path names is there. */
export type Looking = Pick<DataFolder, 'assets' | 'files'>;

export interface CheckedRows {
  readonly dataRows: number;
  /** Rows as JSON lists of cells in the order of the columns, `BLOCK` in each but the last. */
  readonly blocks: readonly string[];
  readonly preview: readonly DataRow[];
  /** The first row without problems. */
  readonly sound: DataRow | null;
}

export interface RowCheck {
  readonly columns: readonly BatchColumn[];
  readonly targets: readonly Target[];
  /** Where relative paths begin; null: as paths of the graph. */
  readonly base: string | null;
  readonly looking: Looking;
  /** Rows of the batch before these. */
  readonly before?: number;
}

/** Paths that are found beside the data become absolute, so that they say the same wherever the batch is run. Throws SERVER_BATCH_DATA. */
export async function checkRows(
  data: Data,
  { columns, targets, base, looking, before = 0 }: RowCheck,
  problems: Problems,
): Promise<CheckedRows> {
  const byName = new Map(targets.map((target) => [target.name, target]));
  const set = columns.map(({ column, targets: names }) => ({ column, to: names.map((name) => byName.get(name)!) }));
  const known = new Set(columns.map(({ column }) => column));
  const places = new Map<string, Promise<string | null>>();
  const placeOf = (target: Target, path: string) => {
    const key = `${target.port.type.kind === 'path' ? target.port.type.of : ''}\0${path}`;
    // A column of a million paths must not be remembered whole.
    if (places.size > 10_000) places.clear();
    return places.get(key) ?? places.set(key, findPath(target, path, base, looking)).get(key)!;
  };

  const blocks: string[] = [];
  const preview: DataRow[] = [];
  let sound: DataRow | null = null;
  let block: Cell[][] = [];
  let dataRows = 0;
  for await (const read of data.rows()) {
    const row = before + ++dataRows;
    if (dataRows % BREATH === 0) await breathe();
    const where = `row ${row}${read.line === dataRows ? '' : ` (line ${read.line})`}`;
    const say = (error: CodedError, column?: string, target?: Target) =>
      problems.add({
        ...toProblem(
          error.at(
            `${where}${column === undefined ? '' : `, column ${column}`}`,
            ...(target ? [`node ${target.node}`, `input ${target.input}`] : []),
          ),
          target && { node: target.node, port: target.input },
        ),
        row,
        ...(column !== undefined && { column }),
      });
    const count = problems.count;
    const cells = cellsOf(read, known, say);
    if (!cells) continue;
    if (preview.length < PREVIEWED) preview.push(cells);
    const stored: Record<string, Cell> = { ...cells };
    for (const { column, to } of set)
      for (const target of to)
        try {
          const value = typedCell(target.port.type, cells[column] ?? null);
          if (value === null) {
            if (target.required) throw coreErr.MISSING_INPUT(describeType(target.port.type));
            continue;
          }
          target.port.check(value);
          if (target.port.type.kind !== 'path') continue;
          const place = await placeOf(target, value as string);
          if (place === null) throw err.BATCH_CELL(describeType(target.port.type), `${String(value)}, where there is none`);
          stored[column] = place;
        } catch (error) {
          if (!(error instanceof CodedError)) throw error;
          say(error, column, target);
        }
    if (problems.count === count) sound ??= stored;
    block.push(columns.map(({ column }) => stored[column] ?? null));
    if (block.length === BLOCK) {
      blocks.push(JSON.stringify(block));
      block = [];
    }
  }
  if (block.length > 0) blocks.push(JSON.stringify(block));
  return { dataRows, blocks, preview, sound };
}

function cellsOf(read: ReadRow, known: ReadonlySet<string>, say: (error: CodedError, column?: string) => void): DataRow | null {
  if ('problem' in read) {
    const [, want = 'a row', got = read.problem] = /^expected (.*), got (.*)$/s.exec(read.problem) ?? [];
    say(err.BATCH_CELL(want, got), read.column);
    return null;
  }
  for (const column of Object.keys(read.cells))
    if (!known.has(column)) say(err.BATCH_CELL(`one of the columns ${[...known].join(', ')}`, column), column);
  return read.cells;
}

/** The path as the batch is to use it; null where nothing of the wanted kind is. */
async function findPath({ port: { type } }: Target, path: string, base: string | null, { assets, files }: Looking): Promise<string | null> {
  const asset = assetIdOf(path);
  if (asset !== null) return (await assets.find(asset)) && path;
  if (judgingTaskOf(path) !== null) return path;
  const fits = (kind: 'file' | 'folder' | null) => kind !== null && type.kind === 'path' && (type.of === 'any' || type.of === kind);
  if (base !== null && !isAbsolute(path) && !path.startsWith('~')) {
    const beside = join(base, path);
    // A folder of the sender may be none that this server allows.
    if (fits(await files.kind(beside).catch(() => null))) return beside;
  }
  return fits(await files.kind(path)) ? path : null;
}
