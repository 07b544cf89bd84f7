// A contact sheet of pairs for people: every pair with its scores, and what was left out and why.
import type { NodeContext, PairSet, Report } from '@facewright/core';
import { contactSheet } from '@facewright/pipelines';
import { escapeHtml, histogram, reportPage } from '@facewright/report';
import { meanScores } from './scores-of-pair.ts';
import { shownPicture } from './pair-sheet.ts';

type Pair = PairSet['pairs'][number];

export interface LeftOut {
  readonly pair: Pair;
  readonly reason: 'lowGap' | 'faceGone';
  readonly why: string;
}

/** Pictures make the page large; the pairs beyond are in the JSON. */
const [mostKept, mostLeft] = [400, 100];

const style = `
.pairs{display:grid;grid-template-columns:repeat(auto-fill,minmax(236px,1fr));gap:12px}
.pairs figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:6px;padding:6px}
.pairs img{width:100%;display:block;border-radius:3px}.pairs figcaption{font-size:12px;line-height:1.4;margin-top:4px;overflow-wrap:anywhere}
.pairs b{color:var(--ink)}`;

/** Stored as HTML and JSON. */
export async function pairReport(set: PairSet, left: readonly LeftOut[], ctx: NodeContext): Promise<Report> {
  const total = set.pairs.length + left.length;
  const counts = Object.entries((set.manifest['leftOut'] ?? {}) as Record<string, number>).filter(([, number]) => number > 0);
  const gaps = [...set.pairs, ...left.map(({ pair }) => pair)].flatMap(({ made }) => made?.score?.gap ?? []);
  const parts = [
    `<style>${style}</style><p class="soft">Good at the left, bad at the right. The frames are the faces that were repainted.</p>`,
    counts.length > 0
      ? `<p>Left out: ${counts.map(([reason, number]) => `${number} ${words[reason] ?? escapeHtml(reason)}`).join(', ')}.</p>`
      : '',
    gaps.length > 1
      ? `<h2>Score gap</h2>${histogram([{ label: `${gaps.length} pairs`, values: gaps }], 'How much the good face scores above the bad one, in the face that shows it least.')}`
      : '',
    `<h2>Kept: ${set.pairs.length}</h2>`,
    await figures(
      set.pairs.slice(0, mostKept).map((pair) => ({ pair, note: '' })),
      ctx,
    ),
    set.pairs.length > mostKept ? `<p class="soft">${set.pairs.length - mostKept} more are not shown.</p>` : '',
  ];
  if (left.length > 0) {
    parts.push(`<h2>Left out here: ${left.length}</h2>`);
    parts.push(
      await figures(
        left.slice(0, mostLeft).map(({ pair, why }) => ({ pair, note: why })),
        ctx,
      ),
    );
    if (left.length > mostLeft) parts.push(`<p class="soft">${left.length - mostLeft} more are not shown.</p>`);
  }
  const title = `${set.pairs.length} pairs`;
  const encode = (text: string) => new TextEncoder().encode(text);
  return {
    title,
    summary: left.length > 0 ? `${set.pairs.length} of ${total} pairs pass.` : `${set.pairs.length} pairs.`,
    html: await ctx.assets.write(encode(reportPage(title, parts.join('\n'))), 'text/html'),
    json: await ctx.assets.write(encode(JSON.stringify(set)), 'application/json'),
  };
}

const words: Readonly<Record<string, string>> = {
  withoutPartner: 'without a partner',
  withoutFace: 'without a face',
  smallFace: 'with small faces only',
  tooAlike: 'too alike',
  lowGap: 'with a low score gap',
  faceGone: 'whose bad picture has no face there',
};

async function figures(items: readonly { readonly pair: Pair; readonly note: string }[], ctx: NodeContext): Promise<string> {
  const lines: string[] = [];
  for (const { pair, note } of items) {
    ctx.signal.throwIfAborted();
    const [good, bad] = await Promise.all([ctx.images.read(pair.good), ctx.images.read(pair.bad)]);
    const both = contactSheet([shownPicture(good, pair.boxes), shownPicture(bad, pair.boxes)], { columns: 2, cell: 112 });
    const png = await ctx.assets.read((await ctx.images.write(both, { key: pair.key, caption: '' })).asset);
    const scores = meanScores(pair);
    const said = [
      scores ? `<span class="better">${scores[0].toFixed(2)}</span> · <span class="worse">${scores[1].toFixed(2)}</span>` : '',
      pair.made?.agreement ? `overlap ${Math.min(...pair.made.agreement.overlaps).toFixed(2)}` : '',
      pair.made ? `differs by ${pair.made.difference.toFixed(1)}` : '',
      escapeHtml(note),
    ].filter((text) => text !== '');
    lines.push(
      `<figure><img src="data:image/png;base64,${Buffer.from(png).toString('base64')}" alt="" loading="lazy"><figcaption><b>${escapeHtml(pair.key)}</b> ${escapeHtml(pair.caption)}<br>${said.join(' · ')}</figcaption></figure>`,
    );
  }
  return `<div class="pairs">${lines.join('\n')}</div>`;
}
