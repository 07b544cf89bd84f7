import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { recomputed } from './loop.ts';
import { median } from './median.ts';
import { watchMemory } from './process-memory.ts';
import { circumstances, pageOf } from './report.ts';

describe('the bench', () => {
  it('takes the middle of measured times', () => {
    expect([median([9, 1, 2]), median([4, 1, 100, 2])]).toEqual([2, 3]);
  });
  it('counts nodes that computed again, and not those that write files every time', () => {
    const finished = (node: string) => ({ type: 'node_finished', node, outputs: {}, seconds: 1 }) as const;
    const cached = { type: 'node_cached', node: 'sampler', outputs: {}, reason: '' } as const;
    expect(recomputed([cached, finished('score'), finished('save')], (node) => node === 'save')).toEqual(['score']);
  });
  it('says on its page which target is missed', () => {
    const measurements = [
      { name: 'fast', value: 2, unit: 's', most: 2 },
      { name: 'slow', value: 2.1234, unit: 's', most: 2 },
      { name: 'free', value: 1500, unit: 'ms' },
    ];
    const report = { results: '', page: '', title: 'Benchmarks', about: 'How.' };
    const page = pageOf({ part: { title: 'Part', about: 'What.', ...circumstances(), measurements } }, report);
    expect(page).toContain('| fast | 2 s | at most 2 s | met |');
    expect(page).toContain('| slow | 2.12 s | at most 2 s | **missed** |');
    expect(page).toContain('| free | 1500 ms |  |  |');
  });
  it.skipIf(process.platform !== 'linux')('sees the memory of a child of a child', async () => {
    const grandchild = 'const held = Buffer.alloc(150e6, 1); console.log(held.length); setInterval(() => {}, 1000)';
    const child = spawn(
      process.execPath,
      ['-e', `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: 'inherit' })`],
      { stdio: ['ignore', 'pipe', 'inherit'], detached: true },
    );
    const memory = watchMemory(child.pid!);
    await once(child.stdout, 'data');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { peak, allocated, ofFiles } = memory.stop()!;
    process.kill(-child.pid!);
    // 150 MB of it are held; two processes of Node.js take less than 200 MB beside, about half of it pages of their program.
    expect(peak).toBeGreaterThan(150e6);
    expect(peak).toBeLessThan(400e6);
    expect(allocated).toBeGreaterThan(150e6);
    expect(ofFiles).toBeGreaterThan(10e6);
    expect(allocated + ofFiles).toBeLessThan(1.05 * peak);
  });
});
