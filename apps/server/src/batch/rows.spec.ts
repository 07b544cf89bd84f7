import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCatalogue, defineNode, nodePackage, port, type Graph } from '@facewright/core';
import { afterAll, describe, expect, it } from 'vitest';
import { openDataFolder } from '../data/data-folder.ts';
import { axisValues } from './axis-values.ts';
import { parseRequest, prepareBatch } from './prepare-batch.ts';
import { openDataFile, pictureRows, type Data, type ReadRow } from './read-data.ts';
import { countRows, placeOf, valuesOf, withValues } from './row-plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'batch-rows-'));
const data = openDataFolder(join(folder, 'data'));
afterAll(() => {
  data.close();
  rmSync(folder, { recursive: true, force: true });
});
const file = (name: string, content: string | Uint8Array) => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const read = async (source: Data) => {
  const rows: ReadRow[] = [];
  for await (const row of source.rows()) rows.push(row);
  return { columns: await source.columns(), rows };
};
const readFile = (name: string, content: string | Uint8Array) => read(openDataFile(name, file(name, content)));

const draw = defineNode({
  type: 'test/draw',
  version: 1,
  title: 'Draw',
  summary: 'Has an input of every kind.',
  category: 'Test',
  effects: 'none',
  output: true,
  inputs: {
    prompt: port.text(),
    steps: port.integer({ min: 1, max: 100, default: 20 }),
    scale: port.number({ min: 0, max: 20, default: 7.5 }),
    tiled: port.boolean({ default: false }),
    method: port.choice(['ddim', 'euler'], { default: 'ddim' }),
    seed: port.seed(),
    picture: port.optional(port.path({ of: 'file', picture: true })),
    model: port.optional(port.model('diffusion')),
  },
  outputs: { steps: port.integer({ min: 1, max: 100 }) },
});
const catalogue = createCatalogue([nodePackage(draw, async () => ({ run: async ({ steps }) => ({ steps }) }))]);
const graph = (...ids: string[]): Graph => ({
  facewright: 1,
  name: 'drawing',
  description: '',
  groups: [],
  links: [],
  nodes: Object.fromEntries(ids.map((id) => [id, { type: 'test/draw', version: 1, values: { prompt: 'a face', seed: 40 } }])),
});
const prepare = (request: Record<string, unknown>) =>
  prepareBatch(parseRequest({ graph: graph('draw'), ...request }), { catalogue, data, secondsOf: async () => null });
const rows = (...given: Record<string, unknown>[]) => ({ data: { rows: given } });

describe('data files', () => {
  it('are CSV with quoted cells of several lines, a byte order mark, CRLF, empty lines and any letters', async () => {
    const text = '\ufeffprompt,note\r\n"a ""red"" face,\nsmiling",é\r\n\r\n,\r\n顔,"x"\r\n';
    expect(await readFile('quoted.csv', text)).toEqual({
      columns: ['prompt', 'note'],
      rows: [
        { line: 3, cells: { prompt: 'a "red" face,\nsmiling', note: 'é' } },
        { line: 6, cells: { prompt: '顔', note: 'x' } },
      ],
    });
  });
  it.each([
    ['semicolons.csv', 'a;b\n1,5;2\n'],
    ['tabs.csv', 'a\tb\n1,5\t2\n'],
    ['table.tsv', 'a\tb\n1,5\t2\n'],
    ['utf16.csv', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('a;b\n1,5;2\n', 'utf16le')])],
  ])('tell by themselves what separates cells: %s', async (name, text) => {
    expect((await readFile(name, text)).rows).toEqual([{ line: 2, cells: { a: '1,5', b: '2' } }]);
  });
  it('are JSON lines, of which nested values and broken lines are told and the others read', async () => {
    expect(await readFile('rows.jsonl', '{"a":1,"b":"x"}\n\n{"a":{"x":1}}\n[1]\n{"a":\n{"c":null}')).toEqual({
      columns: ['a', 'b', 'c'],
      rows: [
        { line: 1, cells: { a: 1, b: 'x' } },
        { line: 3, column: 'a', problem: 'expected text, a number, true, false or null, got an object; write it flat' },
        { line: 4, problem: 'expected an object in braces, got [1]' },
        { line: 5, problem: 'expected JSON, got {"a":' },
        { line: 6, cells: { c: null } },
      ],
    });
  });
  it.each([
    ['open.csv', 'a,b\n"x,1\n', 'expected CSV, got Quote Not Closed'],
    ['twice.csv', 'a,a\n1,2\n', 'two called a'],
    ['unnamed.csv', 'a,,b\n1,2,3\n', 'none for column 2'],
    ['empty.csv', '', 'an empty file'],
    ['latin.csv', Buffer.from('a\ncaf\xe9\n', 'latin1'), 'expected text in UTF-8'],
  ])('say what keeps them from being read: %s', async (name, text, why) => {
    await expect(readFile(name, text)).rejects.toThrow(why);
  });
  it('that cannot be read are told once, without what they might have held', async () => {
    writeFileSync(join(folder, 'twice.csv'), 'prompt,prompt\na,b\n');
    const { check } = await prepare({ data: { path: join(folder, 'twice.csv') }, map: { prompt: 'draw.prompt' } });
    expect(check.problems.map(({ message }) => message)).toEqual([
      'data twice.csv: expected columns of different names, got two called prompt',
    ]);
    writeFileSync(join(folder, 'deep.jsonl'), '{"prompt":{"text":"a"},"seed":1}\n');
    const nested = await prepare({ data: { path: join(folder, 'deep.jsonl') }, map: { seed: 'draw.steps' } });
    expect(nested.check.problems.map(({ message }) => message)).toEqual([
      'row 1, column prompt: expected text, a number, true, false or null, got an object; write it flat',
    ]);
  });
  it('are folders of pictures, a row for each', async () => {
    expect(await read(pictureRows('/p', ['/p/a b.png', '/p/c.d.jpg']))).toEqual({
      columns: ['file', 'name'],
      rows: [
        { line: 1, cells: { file: '/p/a b.png', name: 'a b' } },
        { line: 2, cells: { file: '/p/c.d.jpg', name: 'c.d' } },
      ],
    });
    expect(() => openDataFile('rows.xlsx', '/x')).toThrow('data rows.xlsx: expected a .csv, .tsv or .jsonl file');
  });
});

describe('columns', () => {
  const columnsOf = async (request: Record<string, unknown>) => {
    const { check } = await prepare(request);
    return [
      Object.fromEntries(check.columns.map(({ column, targets }) => [column, targets.join()])),
      check.problems.map(({ message }) => message),
      check.notes,
    ];
  };
  it('go where they are sent, or to the input of their name; others are carried along', async () => {
    expect(
      await columnsOf({
        ...rows({ words: 'x', Steps: 3, 'draw.scale': 1, 'Draw.tiled': true, colour: 'red' }),
        map: { words: 'Draw.prompt' },
      }),
    ).toEqual([{ words: 'draw.prompt', Steps: 'draw.steps', 'draw.scale': 'draw.scale', 'Draw.tiled': 'draw.tiled', colour: '' }, [], []]);
  });
  it('are not guessed where several inputs have the name', async () => {
    expect(await columnsOf({ graph: graph('a', 'b'), ...rows({ prompt: 'x' }) })).toEqual([
      { prompt: '' },
      [],
      [
        'column prompt: fits a.prompt, b.prompt, so it sets none until you say which',
        'No column sets an input, so every row runs the same graph.',
      ],
    ]);
    expect((await columnsOf({ graph: graph('a', 'b'), ...rows({ prompt: 'x' }), map: { prompt: ['a.prompt', 'b.prompt'] } }))[0]).toEqual({
      prompt: 'a.prompt,b.prompt',
    });
    expect((await columnsOf({ ...rows({ prompt: 'x' }), map: { prompt: null } }))[0]).toEqual({ prompt: '' });
  });
  it('say all that is wrong with where they are sent', async () => {
    expect(
      (
        await columnsOf({
          graph: graph('draw', 'other'),
          ...rows({ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 }),
          map: {
            a: 'draw',
            b: 'drew.steps',
            c: 'draw.step',
            d: 'draw.model',
            e: 'draw.steps',
            f: 'draw.steps',
            g: 'draw.scale',
            h: 'Draw.steps',
          },
        })
      )[1],
    ).toEqual([
      'column: expected one of a, b, c, d, e, f, got g',
      'column: expected one of a, b, c, d, e, f, got h',
      'column a > draw: input: expected NODE.INPUT, got draw',
      'column b > drew.steps: expected a node of the graph, got "drew" (did you mean draw?)',
      'column c > draw.step: expected an input among prompt, steps, scale, tiled, method, seed, picture, model, got "step" (did you mean steps?)',
      'column d > draw.model: expected an input that takes a typed value, got one that takes model by a link',
      'draw.steps: expected one source of values, got column e and column f',
    ]);
  });
  it('take the place of a link, and say so', async () => {
    const linked: Graph = { ...graph('a', 'b'), links: [{ from: ['a', 'steps'], to: ['b', 'steps'] }] };
    const { check, plan } = await prepare({ graph: linked, ...rows({ 'b.steps': 3 }) });
    expect(check.notes).toEqual(['b.steps: column b.steps takes the place of its link']);
    const changed = withValues(linked, valuesOf(plan, { 'b.steps': '3' }, [], 0));
    expect([changed.links, changed.nodes['b']!.values['steps'], linked.links.length]).toEqual([[], 3, 1]);
  });
});

describe('values', () => {
  it('are read as their inputs take them; an empty cell leaves what the graph has', async () => {
    file('face.png', 'x');
    const {
      check,
      plan,
      rows: checked,
    } = await prepare({
      data: {
        path: file('all.csv', 'prompt,steps,scale,tiled,method,seed,picture\n,5,1e1,YES,euler,9007199254740991,face.png\nx,,,,,,\n'),
      },
    });
    expect([check.problems, check.count]).toEqual([[], 2]);
    const [first, second] = (JSON.parse(checked.blocks[0]!) as string[][]).map((cells) =>
      valuesOf(plan, Object.fromEntries(check.columns.map(({ column }, i) => [column, cells[i]!])), [], 0),
    );
    expect(first).toEqual({
      'draw.prompt': '',
      'draw.steps': 5,
      'draw.scale': 10,
      'draw.tiled': true,
      'draw.method': 'euler',
      'draw.seed': Number.MAX_SAFE_INTEGER,
      'draw.picture': join(folder, 'face.png'),
    });
    expect(second).toEqual({ 'draw.prompt': 'x' });
  });
  it('are all checked before anything runs, with row, column and input of each problem', async () => {
    const { check } = await prepare({
      data: {
        path: file(
          'bad.csv',
          'steps,scale,tiled,method,seed,picture\n0,21,maybe,lms,-1,gone.png\n1.5,0x10,,ddim,1,\n7\n5,5,no,euler,2,bad.csv\n',
        ),
      },
    });
    expect(check.problems.map(({ code, row, column, message }) => [code, row, column, message])).toEqual([
      [
        'CORE_BAD_VALUE',
        1,
        'steps',
        'row 1 (line 2), column steps > node draw > input steps: expected a whole number from 1 to 100, got 0',
      ],
      ['CORE_BAD_VALUE', 1, 'scale', 'row 1 (line 2), column scale > node draw > input scale: expected a number from 0 to 20, got 21'],
      ['CORE_BAD_VALUE', 1, 'tiled', 'row 1 (line 2), column tiled > node draw > input tiled: expected true or false, got "maybe"'],
      ['CORE_BAD_VALUE', 1, 'method', 'row 1 (line 2), column method > node draw > input method: expected one of ddim, euler, got "lms"'],
      [
        'CORE_BAD_VALUE',
        1,
        'seed',
        'row 1 (line 2), column seed > node draw > input seed: expected a whole number from 0 to 9007199254740991, got -1',
      ],
      [
        'SERVER_BATCH_CELL',
        1,
        'picture',
        'row 1 (line 2), column picture > node draw > input picture: expected the path of a file, got gone.png, where there is none',
      ],
      [
        'CORE_BAD_VALUE',
        2,
        'steps',
        'row 2 (line 3), column steps > node draw > input steps: expected a whole number from 1 to 100, got 1.5',
      ],
      ['CORE_BAD_VALUE', 2, 'scale', 'row 2 (line 3), column scale > node draw > input scale: expected a number from 0 to 20, got "0x10"'],
      ['SERVER_BATCH_CELL', 3, undefined, 'row 3 (line 4): expected 6 cells, got 1'],
    ]);
  });
  it('are told as the first twenty problems and how many there are', async () => {
    const { check } = await prepare(rows(...Array.from({ length: 300 }, () => ({ steps: 'many' }))));
    expect([check.problems.length, check.problemCount, check.preview.length]).toEqual([20, 300, 20]);
  });
  it('may bring what the graph lacks, in every row', async () => {
    const lacking = { ...graph('draw'), nodes: { draw: { type: 'test/draw', version: 1, values: {} } } };
    expect((await prepare({ graph: lacking, ...rows({ steps: 1 }) })).check.problems.map(({ message }) => message)).toEqual([
      'node draw (test/draw) > input prompt: expected text, got nothing',
    ]);
    expect(
      (await prepare({ graph: lacking, ...rows({ prompt: 'x' }, { prompt: null }) })).check.problems.map(({ message }) => message),
    ).toEqual(['row 2, column prompt > node draw > input prompt: expected text, got nothing']);
  });
});

describe('rows', () => {
  it('are the data times the matrix times the runs, in that order, so that added data comes last', async () => {
    const { check, plan } = await prepare({
      ...rows({ prompt: 'a' }, { prompt: 'b' }),
      matrix: { 'draw.steps': [1, 2], 'draw.method': 'ddim,euler' },
      runs: 2,
    });
    expect([check.count, check.seeds]).toEqual([16, ['draw.seed']]);
    const of = (index: number) => {
      const { dataRow, picks, run } = placeOf(plan, index);
      return Object.values(valuesOf(plan, { prompt: 'ab'[dataRow]! }, picks, run)).join(' ');
    };
    expect(Array.from({ length: 16 }, (_, i) => of(i))).toEqual([
      ...['a', 'b'].flatMap((p) =>
        [1, 2].flatMap((s) => ['ddim', 'euler'].flatMap((m) => [40, 41].map((seed) => `${p} ${s} ${m} ${seed}`))),
      ),
    ]);
  });
  it('are counted without being made, as far as numbers count', () => {
    const side = Array.from({ length: 10_000 }, (_, i) => i);
    const plan = { matrix: [1, 2, 3].map((n) => ({ target: `a.${n}`, values: side })), runs: 9007 };
    expect(countRows(plan, 1)).toBe(9_007_000_000_000_000);
    expect(placeOf(plan, 9_006_999_999_999_999)).toEqual({ dataRow: 0, picks: [9999, 9999, 9999], run: 9006 });
    expect(() => countRows(plan, 2)).toThrow('batch: expected at most 9007199254740991 rows, got 18014000000000000');
  });
  it('keep a seed that a column sets, and say when no seed is left for the runs', async () => {
    const { check, plan } = await prepare({ ...rows({ seed: 7 }), runs: 3 });
    expect([check.seeds, check.notes.length, valuesOf(plan, { seed: 7 }, [], 2)]).toEqual([[], 1, { 'draw.seed': 7 }]);
  });
  it.each([
    ['1..4', [1, 2, 3, 4]],
    ['0.1..0.3..0.1, 5', [0.1, 0.2, 0.3, '5']],
    ['3..1', [3, 2, 1]],
  ])('have sides of a matrix from a text: %s', (text, values) => {
    expect(axisValues('a.b', { kind: 'number', min: 0, max: 9, integer: false }, text)).toEqual(values);
  });
  it('have sides of words with commas and dots in them', () => {
    expect(axisValues('a.b', { kind: 'text', multiline: false }, '"a, b", c ,1..2')).toEqual(['a, b', 'c', '1..2']);
    expect(() => axisValues('a.b', { kind: 'seed' }, '1..99999999')).toThrow('matrix a.b: expected a range of at most 10000 values');
    expect(() => axisValues('a.b', { kind: 'seed' }, '')).toThrow('matrix a.b: expected values with commas between them, got nothing');
  });
  it('of a matrix are checked with everything else', async () => {
    mkdirSync(join(folder, 'none'));
    const { check } = await prepare({ data: { path: join(folder, 'none') }, matrix: { 'draw.steps': '5,500', 'draw.model': 'x' } });
    expect(check.problems.map(({ message }) => message)).toEqual([
      'matrix draw.steps: expected a whole number from 1 to 100, got 500',
      'matrix draw.model: expected an input that takes a typed value, got one that takes model by a link',
    ]);
    expect((await prepare({ data: { path: join(folder, 'none') } })).check.problems.map(({ message }) => message)).toEqual([
      'data none: expected at least one row, got none',
    ]);
  });
  it('are one where there is no data', async () => {
    expect((await prepare({ matrix: { 'draw.steps': '1..3' } })).check.count).toBe(3);
  });
});
