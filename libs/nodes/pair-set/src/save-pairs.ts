// Save pairs: the work of the node.
import type { NodeRun } from '@facewright/core';
import { safeName, safePath, uniqueName } from '@facewright/pipelines';
import type { savePairs } from './folder-definitions.ts';
import { endingOf, lineOf, manifestFile, setFile } from './pair-folder.ts';
import { pairReport } from './pair-report.ts';

const utf8 = new TextEncoder();

/** The manifest comes last, so that a folder with one is whole. Throws ENGINE_MISSING_ASSET, and what writing a file throws. */
export const run: NodeRun<typeof savePairs> = async ({ pairs: set, folder }, ctx) => {
  const inside = safePath(folder);
  const place = inside === '' ? '' : `${inside}/`;
  const taken = new Set<string>();
  const lines: string[] = [];
  for (const [index, pair] of set.pairs.entries()) {
    await ctx.gate();
    const name = uniqueName(safeName(pair.key.replace(/\.(png|jpe?g|webp)$/i, '')), taken);
    const files = { good: `good/${name}${endingOf(pair.good)}`, bad: `bad/${name}${endingOf(pair.bad)}` };
    for (const side of ['good', 'bad'] as const) await ctx.files.write(place + files[side], await ctx.assets.read(pair[side].asset));
    lines.push(`${JSON.stringify(lineOf(pair, files))}\n`);
    ctx.progress(index + 1, set.pairs.length);
  }
  const report = await pairReport(set, [], ctx);
  await ctx.files.write(`${place}contact-sheet.html`, await ctx.assets.read(report.html));
  await ctx.files.write(place + setFile, utf8.encode(`${JSON.stringify(set.manifest, null, 2)}\n`));
  await ctx.files.write(place + manifestFile, utf8.encode(lines.join('')));
  return { pairs: set, report };
};
