import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '@facewright/core';
import { expect, it } from 'vitest';
import { saveOutputs } from './save-outputs.ts';

it('outputs of nodes inside a subgraph lie in folders that every system can make, one for each round', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'facewright-outputs-'));
  const text = (id: string) => ({ told: { id: `sha256:${id.repeat(64)}`, mediaType: 'text/plain', bytes: 1 } });
  const graph: Graph = { facewright: 1, name: '', description: '', nodes: {}, links: [], groups: [] };
  try {
    const files = await saveOutputs({ 'r#1:draw': text('a'), 'r#2:draw': text('b') }, graph, async () => Uint8Array.of(65), folder);
    expect(files).toEqual({
      [`sha256:${'a'.repeat(64)}`]: expect.stringMatching(/^outputs.r#1.draw.told-001/),
      [`sha256:${'b'.repeat(64)}`]: expect.stringMatching(/^outputs.r#2.draw.told-001/),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
