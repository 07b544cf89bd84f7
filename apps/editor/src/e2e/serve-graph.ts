// The real server, on data of its own and with the built editor, for specs in a browser.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Graph } from '@facewright/core';
import { silentLog, startServer, type RunningServer } from '@facewright/server';
import { buildEditor } from '../../test-support/open-editor.ts';

/** `graph`: what the editor opens with; default: the template that everybody meets. Its files go into `folder`. */
export async function serveGraph(folder: string, provider: 'cpu' | 'null', graph?: Graph): Promise<RunningServer> {
  const templatesFolder = join(folder, 'templates');
  if (graph) {
    mkdirSync(templatesFolder);
    // The editor opens with the template of this name.
    writeFileSync(join(templatesFolder, 'face-quality-loop.json'), JSON.stringify(graph));
  }
  await buildEditor();
  return startServer({
    port: 0,
    host: '127.0.0.1',
    dataFolder: join(folder, 'data'),
    provider,
    log: silentLog,
    ...(graph && { templatesFolder }),
  });
}
