import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunEvent, RunSummary } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const bin = join(import.meta.dirname, '../bin/facewright.mjs');
const nodes = new URL('../../server/src/fixtures/fault-nodes.ts', import.meta.url).href;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'serve-ends-spec-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

interface Served {
  readonly host: ChildProcess;
  readonly url: string;
  /** Process id of the worker. */
  readonly worker: number;
  readonly exit: Promise<number | string | null>;
}
async function serve(data: string): Promise<Served> {
  const host = spawn(
    process.execPath,
    [bin, 'serve', '--nodes', nodes, '--provider', 'null', '--port', '0', '--data', join(folder, data)],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const exit = new Promise<number | string | null>((resolve) => host.on('close', (code, signal) => resolve(signal ?? code)));
  const url = await new Promise<string>((resolve, reject) => {
    let out = '';
    host.stdout!.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      const found = /Facewright is at (\S+)\n/.exec(out)?.[1];
      if (found) resolve(found);
    });
    void exit.then((code) => reject(new Error(`the server ended with ${code}`)));
  });
  const children = readFileSync(`/proc/${host.pid}/task/${host.pid}/children`, 'utf8').trim().split(' ').map(Number);
  expect(children).toHaveLength(1);
  return { host, url, worker: children[0]!, exit };
}
/** A run whose worker is inside a call that never ends. */
async function block(url: string): Promise<string> {
  const graph = {
    facewright: 1,
    name: 'block',
    description: '',
    groups: [],
    links: [],
    nodes: { a: { type: 'test/block', version: 1, values: { value: 1e9 } } },
  };
  const response = await fetch(`${url}/api/v1/runs`, {
    method: 'POST',
    body: JSON.stringify({ graph }),
    headers: { 'content-type': 'application/json' },
  });
  const { id } = ((await response.json()) as { run: RunSummary }).run;
  for (let i = 0; i < 500; i++) {
    const { events } = (await (await fetch(`${url}/api/v1/runs/${id}/events?after=0`)).json()) as { events: RunEvent[] };
    if (events.some(({ type }) => type === 'node_started')) return id;
    await sleep(20);
  }
  throw new Error('the run did not begin within 10 s');
}
/** An ended process whose parent has not asked after it yet is gone as well. */
function isGone(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
async function gone(pid: number): Promise<void> {
  for (let i = 0; i < 1000 && !isGone(pid); i++) await sleep(10);
  expect(isGone(pid)).toBe(true);
}

describe.runIf(process.platform === 'linux')('a server whose worker is inside a call', () => {
  it('takes the worker with it when it is killed, and the run is begun again by the next', async () => {
    const first = await serve('killed');
    const run = await block(first.url);
    expect(isGone(first.worker)).toBe(false);
    first.host.kill('SIGKILL');
    expect(await first.exit).toBe('SIGKILL');
    await gone(first.worker);
    const second = await serve('killed');
    const { events } = (await (await fetch(`${second.url}/api/v1/runs/${run}/events?after=0`)).json()) as { events: RunEvent[] };
    expect(events.map(({ type }) => type)).toContain('run_interrupted');
    second.host.kill('SIGKILL');
    await second.exit;
    await gone(second.worker);
  }, 30_000);
  it('ends at once with the second signal', async () => {
    const { host, url, worker, exit } = await serve('twice');
    await block(url);
    host.kill('SIGTERM');
    await sleep(100);
    expect(isGone(worker)).toBe(false);
    host.kill('SIGTERM');
    expect(await exit).toBe(1);
    await gone(worker);
  }, 30_000);
});
