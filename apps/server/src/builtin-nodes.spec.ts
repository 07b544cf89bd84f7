import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT_FOLDER } from './data/data-folder.ts';
import { loadNodes } from './load-nodes.ts';
import type { NodePackage } from '@facewright/core';

describe('the built-in nodes', () => {
  it('are those of every library in libs/nodes, and their code loads', async () => {
    const catalogue = await loadNodes();
    for (const library of readdirSync(join(PROJECT_FOLDER, 'libs/nodes'))) {
      const { nodes } = (await import(join(PROJECT_FOLDER, 'libs/nodes', library, 'src/index.ts'))) as { nodes: readonly NodePackage[] };
      for (const { definition } of nodes) expect(catalogue.has(definition.type), definition.type).toBe(true);
    }
    for (const { definition, load } of catalogue.values()) expect(typeof (await load()).run, definition.type).toBe('function');
  });
});
