// Save scores: the work of the node.
import type { NodeContext, NodeRun, Scores } from '@facewright/core';
import { boxInside, cropImage, contactSheet, safeName } from '@facewright/pipelines';
import type { definition } from './save-scores-definition.ts';

type Row = Scores['rows'][number];
const utf8 = new TextEncoder();

export const run: NodeRun<typeof definition> = async ({ scores, name }, ctx) => {
  const file = safeName(name);
  const csv = utf8.encode(csvOf(scores));
  const json = utf8.encode(`${JSON.stringify(plainOf(scores), null, 2)}\n`);
  await ctx.files.write(`${file}.csv`, csv, 'rename');
  await ctx.files.write(`${file}.json`, json, 'rename');
  const html = utf8.encode(await pageOf(scores, ctx));
  return {
    report: {
      title: `${scores.metric} of ${new Set(scores.rows.map((row) => row.image.key)).size} pictures`,
      summary: summaryOf(scores),
      html: await ctx.assets.write(html, 'text/html'),
      json: await ctx.assets.write(json, 'application/json'),
    },
  };
};

const scored = (rows: readonly Row[]): number[] => rows.flatMap((row) => (row.score === null ? [] : [row.score]));

function summaryOf({ rows }: Scores): string {
  const values = scored(rows);
  const without = rows.length - values.length;
  const mean =
    values.length > 0
      ? `Mean ${(values.reduce((a, b) => a + b, 0) / values.length).toFixed(3)} over ${values.length} scores.`
      : 'Nothing was scored.';
  return without > 0 ? `${mean} ${without} row(s) without a score.` : mean;
}

/** The table without references into the store, for other programs. */
const plainOf = ({ metric, higherIsBetter, rows }: Scores) => ({
  metric,
  higherIsBetter,
  rows: rows.map(({ image, face, box, score, note }) => ({
    picture: image.key,
    caption: image.caption,
    face,
    box,
    score,
    ...(note !== undefined && { note }),
  })),
});

/** Fields with a quote, comma or line break are quoted, as RFC 4180 says; a field that a spreadsheet would take for a formula gets an apostrophe. */
function csvField(value: string | number | null): string {
  const text = value === null ? '' : typeof value === 'string' && /^[=+\-@\t]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
function csvOf({ metric, rows }: Scores): string {
  const head = ['picture', 'face', 'x1', 'y1', 'x2', 'y2', metric, 'note', 'caption'];
  const lines = rows.map(({ image, face, box, score, note }) => [
    image.key,
    face,
    ...(box ?? [null, null, null, null]),
    score,
    note ?? null,
    image.caption,
  ]);
  return [head, ...lines].map((line) => line.map(csvField).join(',')).join('\r\n') + '\r\n';
}

const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** At most this many rows show their picture; the page stays small enough to open. */
const picturesShown = 200;

async function pageOf(scores: Scores, ctx: NodeContext): Promise<string> {
  const lines: string[] = [];
  for (const [index, row] of scores.rows.entries()) {
    ctx.signal.throwIfAborted();
    const picture =
      index < picturesShown
        ? `<img src="data:image/png;base64,${Buffer.from(await thumbnailOf(row, ctx)).toString('base64')}" alt="">`
        : '';
    lines.push(
      `<tr><td>${picture}</td><td>${escape(row.image.key)}</td><td>${row.face === null ? '' : row.face + 1}</td><td class="n">${row.score === null ? '–' : row.score.toFixed(3)}</td><td>${escape(row.note ?? '')}</td></tr>`,
    );
    ctx.progress(index + 1, scores.rows.length);
  }
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escape(scores.metric)}</title>
<style>body{font:14px system-ui;margin:1.5rem;color:#222}table{border-collapse:collapse}td,th{padding:.3rem .7rem;border-bottom:1px solid #ddd;text-align:left}.n{text-align:right;font-variant-numeric:tabular-nums}img{height:64px}</style>
<h1>${escape(scores.metric)}</h1><p>${escape(summaryOf(scores))} ${scores.higherIsBetter ? 'Higher is better.' : 'Lower is better.'}</p>
<table><tr><th></th><th>Picture</th><th>Face</th><th class="n">${escape(scores.metric)}</th><th>Note</th></tr>${lines.join('\n')}</table></html>`;
}

async function thumbnailOf({ image, box }: Row, ctx: NodeContext): Promise<Uint8Array> {
  const picture = await ctx.images.read(image);
  const inside = box && boxInside(box, image);
  const small = contactSheet([inside ? cropImage(picture, ...inside) : picture], { cell: 64 });
  return ctx.assets.read((await ctx.images.write(small, { key: image.key, caption: '' })).asset);
}
