// Human judgement from the node to the export, over HTTP and through a real worker.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BlindTask, Graph, Judgements, JudgingSummary, Problem, RunEvent, RunSummary } from '@facewright/core';
import { parseJudgements } from '@facewright/node-judgement/file';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../fixtures/test-server.ts';
import type { RunningServer } from '../start-server.ts';

let folder: string, server: RunningServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'judging-http-'));
  mkdirSync(join(folder, 'editor'));
  writeFileSync(join(folder, 'editor', 'judge.html'), '<!doctype html><title>Judge</title>');
  server = await startTestServer(join(folder, 'data'), {
    nodes: new URL('../fixtures/judging-nodes.ts', import.meta.url).href,
    templatesFolder: join(folder, 'templates'),
    editorFolder: join(folder, 'editor'),
  });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const ask = (path: string, init?: RequestInit & { json?: unknown }) => {
  const { json, ...rest } = init ?? {};
  return fetch(`${server.url}/api/v1${path}`, {
    ...rest,
    ...(json !== undefined && { method: 'POST', body: JSON.stringify(json), headers: { 'content-type': 'application/json' } }),
  });
};
const get = async <T>(path: string, init?: Parameters<typeof ask>[1]): Promise<T> => (await ask(path, init)).json() as Promise<T>;
const refused = async (answer: Promise<Response>): Promise<[number, string]> => {
  const response = await answer;
  const { problems } = (await response.json()) as { problems: readonly Problem[] };
  return [response.status, problems[0]!.code];
};
const tasks = async () => (await get<{ tasks: readonly JudgingSummary[] }>('/judging')).tasks;

/** Sound and deformed faces of the same scenes, put up under a name; and what was said of them. */
const graphOf = (name: string, seed = 5): Graph => ({
  facewright: 1,
  name: `judge ${name}`,
  description: '',
  groups: [],
  nodes: {
    sound: { type: 'facewright/toy-faces', version: 1, values: { count: 4, promptCount: 0, seed } },
    bad: { type: 'facewright/toy-faces', version: 1, values: { count: 4, promptCount: 0, deformed: 1, seed } },
    put: { type: 'facewright/judgement-set', version: 1, values: { name, firstLabel: 'sound', secondLabel: 'deformed' } },
    said: { type: 'facewright/judgements', version: 1, values: { source: `judging:${name}` } },
  },
  links: [
    { from: ['sound', 'images'], to: ['put', 'first'] },
    { from: ['bad', 'images'], to: ['put', 'second'] },
    { from: ['put', 'task'], to: ['said', 'task'] },
  ],
});
async function run(graph: Graph): Promise<readonly RunEvent[]> {
  const { run: queued } = await get<{ run: RunSummary }>('/runs', { json: { graph } });
  for (let i = 0; i < 500; i++) {
    const { events } = await get<{ events: readonly RunEvent[] }>(`/runs/${queued.id}/events`);
    if (events.some(({ type }) => /^run_(succeeded|failed|cancelled)$/.test(type))) return events;
    await sleep(20);
  }
  throw new Error('the run did not end within 10 s');
}
const outputs = (events: readonly RunEvent[]) => {
  const last = events.at(-1)!;
  if (last.type !== 'run_succeeded') throw new Error(JSON.stringify(last));
  return last.outputs as { put: { summary: string }; said: { summary: string; judgements: Judgements } };
};

describe('human judgement', () => {
  it('goes from the node to the page of several annotators and back into the graph, which notices new votes', async () => {
    const first = outputs(await run(graphOf('faces')));
    expect(first.said.summary).toBe('faces: nobody has judged any of 4 sets yet.');
    expect(first.put.summary).not.toContain('/judge/');
    const page = `/judge/${(await tasks())[0]!.annotators[0]!.token}`;
    expect(await (await fetch(server.url + page)).text()).toContain('<title>Judge</title>');

    const { annotator } = await get<{ annotator: { token: string } }>('/judging/faces/annotators', { json: { name: ' Ada ' } });
    const tokens = [page.slice('/judge/'.length), annotator.token];
    for (const token of tokens) {
      const { sets } = await get<BlindTask>(`/judge/${token}`);
      // The sound face of each pair: its bytes are those of the picture that the node drew.
      const votes = await Promise.all(
        sets.map(async ({ set, pictures }) => {
          const sound = first.said.judgements.sets[set]!.images[0]!.asset.id;
          const wanted = await pixels(await ask(`/assets/${sound}`));
          const shown = await Promise.all(
            Array.from({ length: pictures }, async (_, i) => pixels(await ask(`/judge/${token}/pictures/${set}/${i}`))),
          );
          return { id: `v${set}`, set, choice: shown.findIndex((data) => data.equals(wanted)) };
        }),
      );
      expect(votes.every(({ choice }) => choice === 0 || choice === 1)).toBe(true);
      expect(await get(`/judge/${token}/votes`, { json: { votes } })).toEqual({ judged: 4 });
      // Sent again, as after a lost answer.
      expect(await get(`/judge/${token}/votes`, { json: { votes } })).toEqual({ judged: 4 });
    }
    expect(await tasks()).toMatchObject([
      {
        name: 'faces',
        sets: 4,
        labels: ['sound', 'deformed'],
        annotators: [
          { name: 'Annotator 1', judged: 4 },
          { name: 'Ada', judged: 4 },
        ],
      },
    ]);
    const second = outputs(await run(graphOf('faces')));
    expect(second.said.summary).toMatch(
      /^faces: 8 votes of Annotator 1 \(4\), Ada \(4\) on 4 of 4 sets\.\nMajority: 4 decided, 0 ties, 0 without a face\. Best: sound 4, deformed 0\./,
    );
    const third = await run(graphOf('faces'));
    expect(third.some(({ type, ...event }) => type === 'node_cached' && 'node' in event && event.node === 'said')).toBe(true);

    for (const format of ['jsonl', 'csv']) {
      const file = await ask(`/judging/faces/export?format=${format}`);
      expect(file.headers.get('content-disposition')).toBe(`attachment; filename=faces.${format}`);
      expect(parseJudgements(`faces.${format}`, await file.text()).sets.map(({ votes }) => votes)).toEqual(
        second.said.judgements.sets.map(({ votes }) => votes),
      );
    }
  });

  it('keeps a task that was judged from other pictures, and says what to do', async () => {
    const failed = (await run(graphOf('faces', 6))).at(-1)!;
    expect(failed).toMatchObject({ type: 'run_failed', problems: [{ code: 'ENGINE_JUDGING_CHANGED', node: 'put' }] });
    expect((await tasks())[0]).toMatchObject({ annotators: [{ judged: 4 }, { judged: 4 }] });
  });

  it('gives annotators pictures without what their files say of where they come from', async () => {
    const token = (await tasks())[0]!.annotators[0]!.token;
    const answer = await ask(`/judge/${token}/pictures/0/0`);
    expect(answer.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
    const { exif, icc, iptc, xmp, comments } = await sharp(Buffer.from(await answer.arrayBuffer())).metadata();
    expect([exif, icc, iptc, xmp, comments]).toEqual(Array(5).fill(undefined));
    const { body, ...task } = { body: await (await ask(`/judge/${token}`)).text() };
    expect(task).toEqual({});
    expect(body).not.toMatch(/sound|deformed|sha256|toy-/);
  });

  it('refuses links that nobody has, withdrawn links, and what is no vote or no name', async () => {
    const { annotator } = await get<{ annotator: { token: string } }>('/judging/faces/annotators', { json: { name: 'Bob' } });
    const vote = (votes: unknown, token = annotator.token) => refused(ask(`/judge/${token}/votes`, { json: { votes } }));
    const good = { id: 'a', set: 0, choice: 0 };
    for (const wrong of [
      [],
      'x',
      [{ ...good, choice: 5 }],
      [{ ...good, set: -1 }],
      [{ ...good, id: '' }],
      [{ ...good, choice: 2 }],
      Array(1001).fill(good),
    ])
      expect(await vote(wrong)).toEqual([400, 'SERVER_BAD_REQUEST']);
    expect(await vote([{ ...good, set: 4 }])).toEqual([404, 'SERVER_NO_SUCH']);
    expect(await vote([good], 'made-up')).toEqual([404, 'SERVER_NO_SUCH']);
    for (const name of ['', '  ', 'a,b', 7, 'x'.repeat(81), 'Bob'])
      expect(await refused(ask('/judging/faces/annotators', { json: { name } }))).toEqual([400, 'SERVER_BAD_REQUEST']);
    for (const path of ['9/0', '0/2', 'x/0', '0/-1'])
      expect(await refused(ask(`/judge/${annotator.token}/pictures/${path}`))).toEqual([404, 'SERVER_NO_SUCH']);
    expect(await refused(ask('/judging/faces/export?format=xlsx'))).toEqual([400, 'SERVER_BAD_REQUEST']);
    expect(await refused(ask('/judging/other/export'))).toEqual([404, 'ENGINE_MISSING_JUDGING']);
    expect((await ask(`/judging/faces/annotators/${annotator.token}`, { method: 'DELETE' })).status).toBe(204);
    expect(await vote([good])).toEqual([404, 'SERVER_NO_SUCH']);
    expect(await refused(ask(`/judge/${annotator.token}`))).toEqual([404, 'SERVER_NO_SUCH']);
    expect((await tasks())[0]!.annotators[2]).toMatchObject({ name: 'Bob', judged: 0, withdrawn: expect.any(String) });
    expect((await ask('/judging/faces', { method: 'DELETE' })).status).toBe(204);
    expect(await refused(ask('/judging/faces', { method: 'DELETE' }))).toEqual([404, 'SERVER_NO_SUCH']);
    expect(await tasks()).toEqual([]);
  });
});

const pixels = async (response: Response) =>
  sharp(Buffer.from(await response.arrayBuffer()))
    .removeAlpha()
    .raw()
    .toBuffer();
