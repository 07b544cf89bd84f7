import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BatchRowRecord, Graph } from '@facewright/core';
import { encodePng, silentLog, startServer, type RunningServer } from '@facewright/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGateBook, parseBatchGate } from './score-gates.ts';

const bin = join(import.meta.dirname, '../../bin/facewright.mjs');
const nodes = new URL('../../../server/src/fixtures/test-nodes.ts', import.meta.url).href;
let folder: string, server: RunningServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'batch-cli-'));
  write('graph.json', JSON.stringify(graph()));
  write('slow.json', JSON.stringify(graph(60)));
  write('rows.csv', 'value,grey,who\n1,10,a\n-1,20,b\n3,30,"c, d"\n');
  write('forty.csv', `value\n${Array.from({ length: 40 }, (_, i) => i).join('\n')}\n`);
  server = await startServer({ port: 0, host: '127.0.0.1', dataFolder: join(folder, 'server'), provider: 'null', log: silentLog, nodes });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const read = (...names: string[]) => readFileSync(join(folder, ...names), 'utf8');
const graph = (wait = 0): Graph => ({
  facewright: 1,
  name: 'touchy',
  description: '',
  groups: [],
  links: [{ from: ['n', 'value'], to: ['show', 'value'] }],
  nodes: {
    n: { type: 'test/touchy', version: 1, values: { wait } },
    show: { type: 'test/show', version: 1, values: {} },
    paint: { type: 'test/paint', version: 1, values: {} },
  },
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
function batch(args: readonly string[], onStart?: (kill: (signal: NodeJS.Signals) => void) => void): Promise<Ended> {
  const local = args.includes('--server')
    ? []
    : ['--nodes', nodes, ...(['append', 'list'].includes(args[0]!) ? [] : ['--provider', 'null'])];
  const child = spawn(process.execPath, [bin, 'batch', ...args, ...local], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  onStart?.((signal) => child.kill(signal));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}
const csvRows = (...names: string[]) =>
  read(...names)
    .trim()
    .split('\n')
    .slice(1);
async function whenThere(look: () => boolean): Promise<void> {
  while (!look()) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('facewright batch', () => {
  it('writes the files of rows and a table with their numbers, tells rows that failed, and runs these again when it goes on', async () => {
    const first = await batch([
      'graph.json',
      '--data',
      'rows.csv',
      '--out',
      'out',
      '--gate',
      'show.value>=2',
      '--gate',
      'each show.value<=3',
    ]);
    expect([first.code, first.err]).toEqual([2, expect.stringContaining('✗ row 2: node n (test/touchy): expected the node to finish')]);
    expect(first.out).toContain('All 2 gates passed');
    expect(readdirSync(join(folder, 'out/files'))).toEqual([
      '000001-paint-images.png',
      '000001-paint-report.html',
      '000001-paint-report.json',
      '000003-paint-images.png',
      '000003-paint-report.html',
      '000003-paint-report.json',
    ]);
    expect(csvRows('out/results.csv')).toEqual([
      expect.stringMatching(/^1,finished,\d\.\d{3},1,,1,10,a,1,files\/000001-paint-images\.png,/),
      expect.stringMatching(/^2,failed,\d\.\d{3},1,".*out of paint.*",-1,20,b,,,$/),
      expect.stringMatching(/^3,finished,\d\.\d{3},1,,3,30,"c, d",3,/),
    ]);
    expect((await batch(['graph.json', '--data', 'rows.csv', '--out', 'out'])).err).toContain('--resume goes on with it');
    expect((await batch(['graph.json', '--data', 'rows.csv', '--data-folder', 'elsewhere'])).code).toBe(2);
    expect((await batch(['list', '--data-folder', 'elsewhere'])).out).toMatch(
      /^\S+ {2}finished {3}3\/3 \(1 failed\) {2}touchy · rows.csv\n$/,
    );
    expect((await batch(['--resume', '--out', 'out', '--stop-after-errors', '9'])).out).toMatch(/^Goes on with batch \S+ as it was begun/);
    const again = await batch(['--resume', '--out', 'out', '--retry-failed', '--json']);
    const lines = again.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { type: 'row', row: 2, attempt: 2 },
      { type: 'batch', status: 'finished', done: 2, failed: 1 },
    ]);
  });
  it('keeps what is done when it is interrupted or killed, says how it goes on, and then does no row twice', async () => {
    const begun = () => existsSync(join(folder, 'kept/results.csv')) && csvRows('kept/results.csv').length > 2;
    const paused = await batch(
      ['slow.json', '--data', 'forty.csv', '--out', 'kept'],
      (kill) => void whenThere(begun).then(() => kill('SIGINT')),
    );
    expect([paused.code, paused.out]).toEqual([130, expect.stringContaining('It goes on with: facewright batch --resume --out kept')]);
    const { length } = csvRows('kept/results.csv');
    expect(length).toBeLessThan(40);
    const further = () => csvRows('kept/results.csv').length > length + 2;
    expect((await batch(['--resume', '--out', 'kept'], (kill) => void whenThere(further).then(() => kill('SIGKILL')))).code).toBe(null);
    expect((await batch(['--resume', '--out', 'kept'])).code).toBe(0);
    expect(csvRows('kept/results.csv').map((line) => line.split(',').filter((_, i) => i === 0 || i === 3))).toEqual(
      Array.from({ length: 40 }, (_, i) => [String(i + 1), '1']),
    );
    const jsonl = read('kept/results.jsonl').trim().split('\n');
    expect(jsonl.map((line) => (JSON.parse(line) as BatchRowRecord).row)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  }, 60_000);
  it('runs on a server, which gets the data, also a folder of pictures, and takes more rows', async () => {
    mkdirSync(join(folder, 'pictures'));
    for (const name of ['b', 'a'])
      writeFileSync(
        join(folder, 'pictures', `${name}.png`),
        await encodePng({ width: 1, height: 1, channels: 1, data: new Uint8Array(1) }),
      );
    const to = ['--server', server.url];
    const { code, out } = await batch([
      'graph.json',
      '--data',
      'pictures',
      '--map',
      'name=paint.title',
      '--matrix',
      'n.value=1,2',
      '--out',
      'remote',
      ...to,
    ]);
    expect([code, out]).toEqual([0, 'Results are in remote\n']);
    expect(csvRows('remote/results.csv').map((line) => line.split(',').slice(6, 9))).toEqual([
      ['a', '1', '1'],
      ['a', '2', '2'],
      ['b', '1', '1'],
      ['b', '2', '2'],
    ]);
    expect(readdirSync(join(folder, 'remote/files')).filter((name) => name.endsWith('.png'))).toHaveLength(4);
    const { batch: id } = JSON.parse(read('remote/batch.json')) as { batch: string };
    write('more.jsonl', '{"name":"c","file":""}\n');
    expect((await batch(['append', id, '--data', 'more.jsonl', ...to])).out).toContain('has 6 rows now');
    expect((await batch(['--resume', '--out', 'remote', ...to])).code).toBe(0);
    expect(csvRows('remote/results.csv')).toHaveLength(6);
    expect((await batch(['list', ...to])).out).toMatch(/finished {3}6\/6 {2}touchy/);
  }, 60_000);
  it('says everything that is wrong before anything runs, and what it would do', async () => {
    write('bad.csv', 'value\nx\n1,2\n');
    const bad = await batch(['graph.json', '--data', 'bad.csv', '--map', 'who=n.value', '--matrix', 'paint.grey=1,999', '--out', 'bad']);
    expect([bad.code, bad.err.trim().split('\n')]).toEqual([
      1,
      [
        'column: expected one of value, got who',
        'matrix paint.grey: expected a whole number from 0 to 255, got 999',
        'row 1 (line 2), column value > node n > input value: expected a number from -1000000000 to 1000000000, got "x"',
        'row 2 (line 3): expected 1 cells, got 2',
      ],
    ]);
    expect(existsSync(join(folder, 'bad/batch.json'))).toBe(false);
    const dry = await batch(['graph.json', '--data', 'rows.csv', '--matrix', 'n.wait=0..2', '--dry-run']);
    expect([dry.code, dry.out.split('\n').slice(0, 4)]).toEqual([
      0,
      ['value  → n.value', 'grey   → paint.grey', 'who      carried along', '× n.wait = 0, 1, 2'],
    ]);
    expect((await batch(['--resume', '--out', 'nowhere'])).err).toBe(
      'nowhere/batch.json: expected what facewright batch wrote there, got nothing of that name\n',
    );
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
    const options = await batch(['graph.json', '--map', 'nothing', '--gate', 'x', '--matrix', '=1']);
    expect([options.code, options.err]).toEqual([1, expect.stringContaining('--gate x: expected')]);
  });
});

describe('gates of a batch', () => {
  const check = (gate: string, ...scores: Record<string, number>[]) => {
    const book = openGateBook([parseBatchGate(gate)]);
    scores.forEach((given) => book.add({ status: 'finished', scores: given } as unknown as BatchRowRecord));
    book.add({ status: 'failed', scores: {} } as unknown as BatchRowRecord);
    return book.results().map(({ passed, variant, value, note }) => [passed, variant, value, ...(note === undefined ? [] : [note])]);
  };
  it.each([
    ['Face Score>=2', [[true, '', 2]]],
    ['each Face Score>=2', [[false, '', 1]]],
    ['each face_score<=3', [[true, '', 3]]],
    ['FID:DPO<=20', [[true, 'DPO', 15]]],
    ['FID>=+0.1', [[true, 'DPO', 0.2]]],
    ['FID.low>=0', [[false, 'DPO', -0.1]]],
    ['FID<=10', [[false, 'DPO', 15]]],
    ['KID<=1', [[false, '', null, 'no such metric; there are Face Score, FID']]],
    ['FID:SPIN<=1', [[false, 'SPIN', null, 'no row gave this number']]],
    ['each FID.high<=1', [[false, 'DPO', null, '1 rows did not give it']]],
  ])('%s', (gate, results) => {
    const one = { 'FID:base': 9, 'FID:DPO': 10, 'FID:DPO.difference': 0.1, 'FID:DPO.low': -0.2, 'FID:DPO.high': 0.4 };
    const two = { 'FID:base': 9, 'FID:DPO': 20, 'FID:DPO.difference': 0.3, 'FID:DPO.low': 0 };
    expect(check(gate, { 'Face Score': 1, ...one }, { 'Face Score': 3, ...two })).toEqual(
      results.map((result) => result.map((value) => (typeof value === 'number' ? expect.closeTo(value, 9) : value))),
    );
  });
});
