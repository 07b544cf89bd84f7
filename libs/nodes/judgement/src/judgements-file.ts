// Judgements as files: JSON lines, a head and then one set a line; CSV, one vote a row for spreadsheets. Both are read back.
import { assetSchema, choiceSchema, imageSchema, judgementsSchema, type Choice, type Image, type Judgements } from '@facewright/core';
import { parse } from 'csv-parse/sync';
import { err } from './errors.ts';
import { labelsOf } from './labels-of.ts';

const FORMAT = 'judgements';

/** A first line that says what it is, then a line for each set with its pictures and votes. */
export const judgementsJsonl = ({ name, labels, sets }: Judgements): string =>
  [{ facewright: FORMAT, version: 1, name, labels }, ...sets].map((line) => `${JSON.stringify(line)}\n`).join('');

const places = [1, 2, 3] as const;
const ofPicture = ['label', 'picture', 'key', 'width', 'height', 'type', 'bytes'] as const;
const columns = [
  'task',
  'set',
  'caption',
  'annotator',
  'choice',
  'best',
  ...places.flatMap((n) => ofPicture.map((what) => `${what} ${n}`)),
];
const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** A row for each vote; a set without votes has one row without annotator. `choice` counts pictures from 1, `best` is the label of the chosen one. */
export function judgementsCsv({ name, labels, sets }: Judgements): string {
  const rows = sets.flatMap((set) => {
    const { key, caption, images, votes } = set;
    const own = labelsOf(set, labels);
    const pictures = places.flatMap((n) => {
      const image = images[n - 1];
      if (!image) return ofPicture.map(() => '');
      return [own[n - 1] ?? '', image.asset.id, image.key, image.width, image.height, image.asset.mediaType, image.asset.bytes];
    });
    const given = votes.length > 0 ? votes : [{ annotator: '', choice: '' as const }];
    return given.map(({ annotator, choice }) => [
      name,
      key,
      caption,
      annotator,
      typeof choice === 'number' ? choice + 1 : choice,
      typeof choice === 'number' ? (own[choice] ?? '') : '',
      ...pictures,
    ]);
  });
  return [columns, ...rows].map((row) => `${row.map((cell) => quoted(String(cell))).join(',')}\r\n`).join('');
}

/** Reads what the functions above write; `path` is for messages and says which of the two it is. Throws JUDGEMENT_BAD_FILE with all problems, JUDGEMENT_BAD_SOURCE. */
export function parseJudgements(path: string, text: string): Judgements {
  const lower = path.toLowerCase();
  const given = lower.endsWith('.jsonl') ? fromJsonl(path, text) : lower.endsWith('.csv') ? fromCsv(path, text) : null;
  if (given === null) throw err.BAD_SOURCE(path);
  const problems = [...wrongVotes(given)];
  if (problems.length > 0) throw err.BAD_FILE(path, problems);
  return given;
}

/** What the schema cannot say. */
function* wrongVotes({ labels, sets }: Judgements): Iterable<string> {
  for (const set of sets) {
    const { key, images, votes } = set;
    const own = labelsOf(set, labels);
    if (images.length !== own.length || own.some((label) => !labels.includes(label)))
      yield `set ${key}: expected a label of the task for each of ${images.length} pictures, got ${own.join(', ')}`;
    for (const { annotator, choice } of votes)
      if (typeof choice === 'number' && choice >= images.length)
        yield `set ${key}: expected ${annotator} to choose one of ${images.length} pictures, got picture ${choice + 1}`;
    const names = votes.map(({ annotator }) => annotator);
    const twice = names.filter((name, i) => names.indexOf(name) !== i);
    if (twice.length > 0) yield `set ${key}: expected one vote of each annotator, got several of ${twice.join(', ')}`;
  }
}

function fromJsonl(path: string, text: string): Judgements {
  const problems: string[] = [];
  const lines = text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    try {
      return [{ at: i + 1, value: JSON.parse(line) as unknown }];
    } catch (error) {
      problems.push(`line ${i + 1}: expected JSON, got ${(error as Error).message}`);
      return [];
    }
  });
  const head = lines[0]?.value as { readonly facewright?: unknown; readonly name?: unknown; readonly labels?: unknown } | undefined;
  if (head?.facewright !== FORMAT)
    problems.unshift(`line 1: expected {"facewright":"${FORMAT}",…}, got ${JSON.stringify(head ?? null).slice(0, 80)}`);
  const parsed = judgementsSchema.safeParse({ name: head?.name, labels: head?.labels, sets: lines.slice(1).map(({ value }) => value) });
  if (!parsed.success)
    for (const { path: where, message } of parsed.error.issues) {
      const at = where[0] === 'sets' && typeof where[1] === 'number' ? lines[where[1] + 1]?.at : 1;
      problems.push(`line ${at ?? 1}: ${where.slice(where[0] === 'sets' ? 2 : 0).join('.') || 'set'}: ${message}`);
    }
  if (problems.length > 0) throw err.BAD_FILE(path, problems);
  return parsed.data!;
}

type CsvRow = Readonly<Record<string, string>>;

function fromCsv(path: string, text: string): Judgements {
  let rows: { readonly record: CsvRow; readonly info: { readonly lines: number } }[];
  try {
    rows = parse(text, { columns: true, bom: true, info: true, skip_empty_lines: true, relax_column_count: false });
  } catch (error) {
    throw err.BAD_FILE(path, [(error as Error).message]);
  }
  const first = rows[0]?.record;
  if (!first) throw err.BAD_FILE(path, ['expected rows below the head, got none']);
  const missing = columns.filter((column) => !(column in first) && column !== 'best');
  if (missing.length > 0) throw err.BAD_FILE(path, [`head: expected the columns ${missing.join(', ')}, got none of that name`]);

  const problems: string[] = [];
  const names = new Set(rows.map(({ record }) => record['task']!));
  if (names.size > 1) problems.push(`expected one task, got ${[...names].join(', ')}`);
  const labelsIn = (record: CsvRow) => places.flatMap((n) => record[`label ${n}`] || []);
  const labels = [...new Set(rows.flatMap(({ record }) => labelsIn(record)))];
  // Sets that show the first labels in order need none of their own.
  const common = rows.every(({ record }) => labelsIn(record).every((label, i) => label === labels[i]));
  if (labels.length < 2) problems.push('expected labels of at least two pictures, got fewer');
  const sets = new Map<
    string,
    { key: string; caption: string; images: Image[]; labels?: string[]; votes: { annotator: string; choice: Choice }[] }
  >();
  for (const { record, info } of rows) {
    const images = places.flatMap((n) => pictureIn(record, n, (problem) => problems.push(`line ${info.lines}: ${problem}`)));
    const key = record['set']!;
    const set = sets.get(key) ?? { key, caption: record['caption']!, images, ...(!common && { labels: labelsIn(record) }), votes: [] };
    sets.set(key, set);
    if (images.some(({ asset }, i) => asset.id !== set.images[i]?.asset.id))
      problems.push(`line ${info.lines}: expected the pictures of set ${key} as in its first row, got others`);
    const choice = record['choice']!;
    if (record['annotator'] === '' && choice === '') continue;
    const parsed = choiceSchema.safeParse(/^\d$/.test(choice) ? Number(choice) - 1 : choice);
    if (parsed.success) set.votes.push({ annotator: record['annotator']!, choice: parsed.data });
    else problems.push(`line ${info.lines}: expected the choice 1, 2, 3, tie or no face, got ${JSON.stringify(choice)}`);
  }
  for (const { key, images } of sets.values())
    if (images.length < 2) problems.push(`set ${key}: expected two or three pictures, got ${images.length}`);
  if (problems.length > 0) throw err.BAD_FILE(path, problems);
  return { name: first['task']!, labels, sets: [...sets.values()] };
}

function pictureIn(record: CsvRow, n: number, wrong: (problem: string) => void): readonly Image[] {
  const id = record[`picture ${n}`]!;
  if (id === '') return [];
  const asset = assetSchema.safeParse({ id, mediaType: record[`type ${n}`], bytes: Number(record[`bytes ${n}`]) });
  const image = imageSchema.safeParse({
    asset: asset.data,
    width: Number(record[`width ${n}`]),
    height: Number(record[`height ${n}`]),
    key: record[`key ${n}`],
    caption: record['caption'],
  });
  if (image.success) return [image.data];
  wrong(`picture ${n}: expected the digest of a picture with its size, got ${JSON.stringify(id)}`);
  return [];
}
