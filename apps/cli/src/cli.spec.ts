import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCatalogue, type Graph, type NodePackage, type Problem, type RunEvent, type RunEventBody } from '@facewright/core';
import { silentLog, startServer, type RunningServer } from '@facewright/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applySettings } from './apply-settings.ts';
import { createProgressView } from './progress-view.ts';
import { readGraph } from './read-graph.ts';
import { openRemoteSource } from './remote-source.ts';
import { runCommand } from './run-command.ts';

const bin = join(import.meta.dirname, '../bin/facewright.mjs');
const nodes = new URL('../../server/src/fixtures/test-nodes.ts', import.meta.url).href;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-spec-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

const painting: Graph = {
  facewright: 1,
  name: 'painting',
  description: '',
  groups: [],
  links: [{ from: ['one', 'value'], to: ['shown', 'value'] }],
  nodes: {
    one: { type: 'test/source', version: 1, values: { value: 1 } },
    shown: { type: 'test/show', version: 1, values: {} },
    paint: { type: 'test/paint', version: 1, values: {} },
  },
};
const long: Graph = {
  facewright: 1,
  name: 'long',
  description: '',
  groups: [],
  links: [{ from: ['count', 'value'], to: ['shown', 'value'] }],
  nodes: { count: { type: 'test/count', version: 1, values: { steps: 100_000 } }, shown: { type: 'test/show', version: 1, values: {} } },
};
function saved(name: string, content: unknown): string {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}
interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
function facewright(args: readonly string[], onOutput?: (text: string, pid: number) => void): Promise<Ended> {
  const child = spawn(process.execPath, [bin, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '',
    err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    onOutput?.(out, child.pid!);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}
const lines = <T>(text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

describe('facewright run', () => {
  it('prints one event a line, the terminal one last, and leaves outputs, report and run.json', async () => {
    const out = join(folder, 'out');
    const { code, out: text } = await facewright([
      'run',
      saved('painting', painting),
      '--nodes',
      nodes,
      '--provider',
      'null',
      '--json',
      '--out',
      out,
      '--set',
      'paint.grey=7',
      '--set',
      'paint.title=A=B',
      '--set',
      'one.value=-2.5',
    ]);
    expect(code).toBe(0);
    const events = lines<RunEvent>(text);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    expect(events.at(-1)).toMatchObject({ type: 'run_succeeded', outputs: { shown: { value: -2.5 } } });
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toBe('<!doctype html><title>A=B</title>');
    expect(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))).toEqual({ grey: 7 });
    expect(readFileSync(join(out, 'note.txt'), 'utf8')).toBe('3:7');
    expect(readFileSync(join(out, 'outputs/paint/images-001-grey-1.png')).subarray(1, 4).toString()).toBe('PNG');
    const record = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as {
      type: string;
      provider: string;
      graph: Graph;
      files: Record<string, string>;
    };
    expect(record).toMatchObject({ type: 'run_succeeded', provider: 'null', graph: { nodes: { paint: { values: { grey: 7 } } } } });
    expect(Object.values(record.files).sort()).toEqual(['outputs/paint/images-001-grey-1.png', 'report.html', 'report.json']);
  });
  it('says before anything runs that the folder of outputs cannot be written', async () => {
    const file = saved('file', '{}');
    const graph = saved('painting', painting);
    const { code, out, err } = await facewright(['run', graph, '--nodes', nodes, '--provider', 'null', '--out', join(file, 'x')]);
    expect(code).toBe(1);
    expect(err + out).toMatch(/--out: expected a folder that can be written, got .*file\.json\/x \(.*ENOTDIR/);
    expect(out).not.toContain('Nodes to run');
  });
  it('ends with all problems and exit code 1 when the graph or a setting is wrong', async () => {
    const { code, out } = await facewright([
      'run',
      saved('painting', painting),
      '--nodes',
      nodes,
      '--provider',
      'null',
      '--json',
      '--set',
      'paint.gray=7',
      '--set',
      'paints.grey=7',
      '--set',
      'paint.grey=dark',
      '--set',
      'grey',
    ]);
    expect(code).toBe(1);
    const last = lines<RunEventBody>(out).at(-1) as { type: string; problems: Problem[] };
    expect(last.type).toBe('run_failed');
    expect(last.problems.map(({ code: name, node, port }) => [name, node, port])).toEqual([
      ['CORE_UNKNOWN_PORT', 'paint', 'gray'],
      ['CORE_UNKNOWN_NODE', 'paints', 'grey'],
      ['CLI_BAD_SET_VALUE', 'paint', 'grey'],
      ['CLI_BAD_SET', undefined, undefined],
    ]);
  });
  it('is cancelled by Ctrl-C, says so and ends with exit code 130', async () => {
    let sent = false;
    const { code, out } = await facewright(
      ['run', saved('long', long), '--nodes', nodes, '--provider', 'null', '--json', '--out', join(folder, 'long')],
      (text, pid) => {
        if (!sent && text.includes('node_progress')) {
          sent = true;
          process.kill(pid, 'SIGINT');
        }
      },
    );
    expect(code).toBe(130);
    expect(lines<RunEvent>(out).at(-1)!.type).toBe('run_cancelled');
    expect(JSON.parse(readFileSync(join(folder, 'long', 'run.json'), 'utf8'))).toMatchObject({ type: 'run_cancelled' });
  });
  it('keeps unfinished work at the first Ctrl-C, says how to go on, and goes on from there', async () => {
    const training = {
      ...long,
      name: 'training',
      nodes: { ...long.nodes, count: { type: 'test/train', version: 1, values: { steps: 100_000 } } },
    };
    const path = saved('training', training);
    const interrupted = async (...more: string[]) => {
      let sent = false;
      return facewright(
        [
          'run',
          path,
          '--nodes',
          nodes,
          '--provider',
          'null',
          '--out',
          join(folder, 'training'),
          '--data',
          join(folder, 'training-data'),
          ...more,
        ],
        (text, pid) => {
          if (sent || !text.includes('node_progress')) return;
          sent = true;
          process.kill(pid, 'SIGINT');
        },
      );
    };
    const { code, out, err } = await interrupted('--json');
    expect(code).toBe(130);
    expect(err).toContain('Stops at the next step and keeps what is done; once more ends at once.');
    const logs = (text: string) => lines<RunEvent>(text).flatMap((event) => (event.type === 'node_log' ? [event.message] : []));
    const [begun, kept] = logs(out);
    expect(begun).toBe('begins at 0');
    const again = await interrupted('--json');
    expect(logs(again.out)[0]).toBe(kept!.replace('kept', 'begins'));
  });
});

describe('facewright run --server', () => {
  let server: RunningServer;
  beforeAll(async () => {
    server = await startServer({
      port: 0,
      host: '127.0.0.1',
      dataFolder: join(folder, 'served'),
      provider: 'null',
      nodes,
      log: silentLog,
    });
  });
  afterAll(() => server.close());
  const run = async (
    graph: Graph,
    settings: string[],
    signal = new AbortController().signal,
    onEvent: (event: RunEventBody) => void = () => {},
  ) => {
    const events: RunEventBody[] = [];
    const complaints: string[] = [];
    const code = await runCommand({
      path: saved(graph.name, graph),
      settings,
      out: join(folder, `remote-${graph.name}`),
      signal,
      open: () => openRemoteSource(`${server.url}/`),
      saved: () => {},
      complain: (message) => complaints.push(message),
      show: (event) => {
        events.push(event);
        onEvent(event);
      },
    });
    return { code, events, complaints };
  };
  it('gives the same events, and downloads the outputs', async () => {
    const { code, events } = await run(painting, ['paint.grey=9']);
    expect([code, events[0]!.type, events.at(-1)!.type]).toEqual([0, 'run_queued', 'run_succeeded']);
    expect((events as RunEvent[]).map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    expect(existsSync(join(folder, 'remote-painting', 'outputs/paint/images-001-grey-1.png'))).toBe(true);
    expect(JSON.parse(readFileSync(join(folder, 'remote-painting', 'report.json'), 'utf8'))).toEqual({ grey: 9 });
  });
  it('has succeeded also when its lock cannot be written', async () => {
    const out = join(folder, 'remote-unlocked');
    mkdirSync(join(out, 'run.lock.json'), { recursive: true });
    const { code, events, complaints } = await run({ ...painting, name: 'unlocked' }, []);
    expect([code, events.at(-1)!.type]).toEqual([0, 'run_succeeded']);
    expect(complaints).toEqual([expect.stringContaining('run.lock.json: expected to write it, got')]);
    expect(existsSync(join(out, 'run.json'))).toBe(true);
  });
  it('cancels on the server', async () => {
    const cancel = new AbortController();
    const { code, events } = await run(long, [], cancel.signal, (event) => {
      if (event.type === 'node_progress') cancel.abort();
    });
    expect([code, events.at(-1)!.type]).toEqual([130, 'run_cancelled']);
  });
  it('says what is wrong when the server refuses the graph or is not there', async () => {
    const { code, events } = await run(painting, ['paint.grey=300']);
    expect([code, events]).toEqual([
      1,
      [{ type: 'run_failed', problems: [expect.objectContaining({ code: 'CORE_BAD_VALUE', node: 'paint', port: 'grey' })] }],
    ]);
    await expect(openRemoteSource('http://127.0.0.1:1')).rejects.toMatchObject({ code: 'CLI_NO_SERVER' });
  });
  it('says where a token is to be put when the server asks for one', async () => {
    const dataFolder = join(folder, 'guarded');
    const { code } = await facewright(['token', 'create', 'anna', '--scope', 'run', '--data', dataFolder]);
    expect(code).toBe(0);
    const guarded = await startServer({
      port: 0,
      host: '127.0.0.1',
      dataFolder,
      provider: 'null',
      log: silentLog,
      nodes,
      requireToken: true,
    });
    const { url } = guarded;
    await expect(openRemoteSource(url).finally(() => guarded.close())).rejects.toThrow(
      `server ${url}: expected a token of it in FACEWRIGHT_TOKEN, got none`,
    );
  });
});

describe('facewright validate, nodes and explain', () => {
  it('validate ends with 0, or with all problems, one a line', async () => {
    expect(await facewright(['validate', saved('painting', painting), '--nodes', nodes, '--json'])).toMatchObject({ code: 0, out: '' });
    const wrong = { ...painting, nodes: { ...painting.nodes, paint: { type: 'test/paint', version: 1, values: { grey: 300, blue: 1 } } } };
    const answer = await facewright(['validate', saved('wrong', wrong), '--nodes', nodes, '--json']);
    expect(answer.code).toBe(1);
    expect(lines<Problem>(answer.out).map(({ code }) => code)).toEqual(['CORE_BAD_VALUE', 'CORE_UNKNOWN_PORT']);
  });
  it('storage, gc and backup make no data folder of a name that was mistyped', async () => {
    const wrong = join(folder, 'mistyped');
    const ends = [];
    for (const args of [['storage'], ['gc'], ['backup', join(folder, 'copy')]]) ends.push(await facewright([...args, '--data', wrong]));
    expect(ends).toEqual(ends.map(() => ({ code: 1, out: '', err: `data folder ${wrong}: expected one that exists, got none\n` })));
    expect([existsSync(wrong), existsSync(join(folder, 'copy'))]).toEqual([false, false]);
  });
  it('a file that is missing or no graph is named', async () => {
    await expect(readGraph(join(folder, 'none.json'))).rejects.toThrow(
      `graph ${join(folder, 'none.json')}: expected a readable file, got ENOENT`,
    );
    await expect(readGraph(saved('text', '{"facewright": 1,'))).rejects.toMatchObject({ problems: [{ code: 'CORE_NOT_JSON' }] });
  });
  it('nodes gives the catalogue', async () => {
    const { code, out } = await facewright(['nodes', '--nodes', nodes, '--json']);
    expect(code).toBe(0);
    expect((JSON.parse(out) as { nodes: unknown[] }).nodes).toContainEqual(expect.objectContaining({ type: 'test/paint', title: 'Paint' }));
  });
  it('explain says what would run and why', async () => {
    const { code, out } = await facewright([
      'explain',
      saved('painting', painting),
      '--nodes',
      nodes,
      '--json',
      '--data',
      join(folder, 'fresh'),
    ]);
    const { plan, problems } = JSON.parse(out) as { plan: { node: string; action: string; reason: string }[]; problems: Problem[] };
    expect([code, problems]).toEqual([0, []]);
    expect(plan.map(({ node, action, reason }) => [node, action, reason]).sort()).toEqual([
      ['one', 'run', 'never ran before'],
      ['paint', 'run', 'writes files, so it runs every time'],
      ['shown', 'run', 'never ran before'],
    ]);
  });
  it('run and explain reach the nodes of --only alone, and say which are unknown', async () => {
    const of = (command: string, only: string) =>
      facewright([
        command,
        saved('painting', painting),
        '--only',
        only,
        '--nodes',
        nodes,
        '--json',
        '--data',
        join(folder, 'only'),
        '--provider',
        'null',
      ]);
    const ran = await of('run', 'one');
    const events = ran.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as RunEventBody);
    expect([ran.code, events.at(-1)]).toEqual([0, expect.objectContaining({ type: 'run_succeeded', outputs: { one: { value: 1 } } })]);
    const { plan } = JSON.parse((await of('explain', 'shown, paint')).out) as { plan: { node: string }[] };
    expect(plan.map(({ node }) => node).sort()).toEqual(['one', 'paint', 'shown']);
    expect(await of('run', 'shonw')).toMatchObject({ code: 1, out: expect.stringContaining('target: expected a node of the graph') });
  });
});

describe('facewright serve', () => {
  it('prints its address, ends by SIGTERM with 0, and says when the port is in use with 1', async () => {
    const serve = ['serve', '--nodes', nodes, '--provider', 'null'];
    let second: Promise<Ended> | undefined;
    const first = await facewright([...serve, '--port', '0', '--data', 'first'], (text, pid) => {
      const port = /Facewright is at http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
      if (port && !second) {
        second = facewright([...serve, '--port', port, '--data', 'second']);
        void second.then(() => process.kill(pid, 'SIGTERM'));
      }
    });
    expect(first.code).toBe(0);
    expect(await second).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^port \d+ on 127\.0\.0\.1: expected it to be free, got one in use; choose another with --port\n$/),
    });
  });
});

describe('settings', () => {
  it('are read by the type of their port and take the place of a link', async () => {
    const { packages } = (await import(nodes)) as { packages: NodePackage[] };
    const graph = applySettings(painting, ['paint.light=yes', 'paint.title=', 'shown.value=3'], createCatalogue(packages));
    expect(graph.nodes['paint']!.values).toEqual({ light: true, title: '' });
    expect([graph.links, graph.nodes['shown']!.values]).toEqual([[], { value: 3 }]);
    expect(painting.links).toHaveLength(1);
  });
});

describe('the progress view', () => {
  it('tells each node in plain lines where there is no terminal, and time left on one', () => {
    const events: RunEventBody[] = [
      { type: 'run_started', provider: 'cpu', plan: [{ node: 'a', type: 't/a', action: 'run', reason: '', key: '' }] },
      { type: 'node_progress', node: 'a', done: 1, total: 4, secondsLeft: 100 },
      { type: 'node_finished', node: 'a', outputs: {}, seconds: 2 },
      { type: 'run_succeeded', outputs: {}, seconds: 2 },
    ];
    const shown = (isTTY: boolean) => {
      let text = '';
      const view = createProgressView({
        isTTY,
        columns: 80,
        write: (part) => {
          text += part;
        },
      });
      events.forEach((event) => view(event as RunEvent));
      return text;
    };
    expect(shown(false)).toBe('Nodes to run: 1, stored: 0, on cpu\n✓ a 2.0 s\nDone in 2.0 s\n');
    expect(shown(true)).toContain('a ██████░░░░░░░░░░░░░░░░░░ 1/4, 1 min 40 s left');
  });
});
