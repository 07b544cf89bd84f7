// Metric alignment: the work of the node.
import { Buffer } from 'node:buffer';
import type { Image, Judgements, Metric, NodeContext, NodeRun, Scores } from '@facewright/core';
import { contactSheet, isSetMetric, openMetrics, type PictureMetric } from '@facewright/pipelines';
import { align, type Alignment, type ScoredMetric } from './align.ts';
import type { metricAlignment } from './definition.ts';
import { err } from './errors.ts';
import { picturesOf } from './judged-pictures.ts';
import { alignmentCsv, alignmentHtml, alignmentJson, headline, type Disagreement } from './alignment-report.ts';
import { summarise } from './summarise.ts';

type Inputs = Parameters<NodeRun<typeof metricAlignment>>[0];
const picturesTogether = 16;
const shownDisagreements = 8;
/** Pixels of the longer side of pictures in the report. */
const shownSide = 192;

/** Throws JUDGEMENT_NO_METRICS, JUDGEMENT_SET_METRICS, JUDGEMENT_NOTHING_SCORED, and what opening metrics throws. */
export const run: NodeRun<typeof metricAlignment> = async (inputs, ctx) => {
  const { judgements, title, resamples, seed } = inputs;
  const tables = [
    inputs.scores1,
    inputs.scores2,
    inputs.scores3,
    inputs.scores4,
    inputs.scores5,
    inputs.scores6,
    inputs.scores7,
    inputs.scores8,
  ].filter((given) => given !== undefined);
  if (tables.length === 0 && !inputs.metrics?.length) throw err.NO_METRICS();
  const images = picturesOf(judgements.sets);
  const values = await computed(metricsOf(inputs), images, ctx);
  const linked = inputs.metrics?.length ?? 0;
  // Controls last; the first metric is the one that others are held against.
  const metrics = withNamesOnce([
    ...values.slice(0, linked),
    ...tables.map((scores) => fromTable(scores, images, inputs.faces)),
    ...values.slice(linked),
  ]);
  // A generator for each statistic, all from one seed: one metric more leaves the intervals of the others as they are.
  const rng = () => ctx.rng(seed);
  const summary = summarise(judgements, resamples, rng());
  const alignment = align(judgements, summary, metrics, resamples, rng);
  const about = { title, name: judgements.name, resamples, summary, alignment };
  const disagreements = await disagreementsOf(judgements, alignment, metrics, ctx);
  const text = (content: string) => new TextEncoder().encode(content);
  const [html, json] = [alignmentHtml(about, disagreements), JSON.stringify(alignmentJson(about, judgements), null, 1)];
  // A graph may hold several of these.
  for (const [ending, content] of Object.entries({ html, json, csv: alignmentCsv(about) }))
    await ctx.files.write(`metric-alignment-${ctx.node}.${ending}`, text(content), 'rename');
  return {
    report: {
      title,
      summary: headline(about),
      html: await ctx.assets.write(text(html), 'text/html'),
      json: await ctx.assets.write(text(json), 'application/json'),
    },
  };
};

/** The linked metrics, and the controls among them or after them. */
function metricsOf({ metrics = [], controls }: Inputs): readonly Metric[] {
  const ofSets = metrics.filter(isSetMetric);
  if (ofSets.length > 0) throw err.SET_METRICS(ofSets.map(({ name }) => name));
  const known = new Set(metrics.map(({ kind }) => kind));
  const added = controls
    ? [
        { kind: 'sharpness', name: 'Sharpness', models: {}, settings: {} },
        { kind: 'contrast', name: 'Contrast', models: {}, settings: {} },
      ].filter(({ kind }) => !known.has(kind))
    : [];
  return [...metrics, ...added];
}

async function computed(metrics: readonly Metric[], images: readonly Image[], ctx: NodeContext): Promise<readonly ScoredMetric[]> {
  const opened = (await openMetrics(metrics, ctx)) as readonly PictureMetric[];
  const scores = opened.map(() => new Map<string, number | null>());
  for (let first = 0; first < images.length && opened.length > 0; first += picturesTogether) {
    ctx.signal.throwIfAborted();
    const group = await Promise.all(
      images.slice(first, first + picturesTogether).map(async (image) => ({ image, pixels: await ctx.images.read(image) })),
    );
    for (const [m, metric] of opened.entries())
      (await metric.measure(group)).forEach(({ value }, i) => scores[m]!.set(group[i]!.image.asset.id, value));
    ctx.progress(first + group.length, images.length, group[0]?.pixels);
  }
  return opened.map(({ name, better }, m) => ({
    name,
    higherIsBetter: better !== 'lower',
    note: better === 'real' ? 'more is taken for better' : '',
    scores: scores[m]!,
  }));
}

function fromTable({ metric, higherIsBetter, rows }: Scores, images: readonly Image[], faces: Inputs['faces']): ScoredMetric {
  const judged = new Set(images.map(({ asset }) => asset.id));
  const values = Map.groupBy(
    rows.filter(({ image }) => judged.has(image.asset.id)),
    ({ image }) => image.asset.id,
  );
  if (values.size === 0 && judged.size > 0) throw err.NOTHING_SCORED(metric, rows.length, judged.size);
  const worst = (all: readonly number[]) => (higherIsBetter ? Math.min(...all) : Math.max(...all));
  const best = (all: readonly number[]) => (higherIsBetter ? Math.max(...all) : Math.min(...all));
  const scores = new Map<string, number | null>();
  for (const [id, of] of values) {
    const all = of.flatMap(({ score }) => score ?? []);
    scores.set(
      id,
      all.length === 0
        ? null
        : faces === 'mean'
          ? all.reduce((a, b) => a + b, 0) / all.length
          : faces === 'lowest'
            ? worst(all)
            : best(all),
    );
  }
  return { name: metric, higherIsBetter, note: higherIsBetter ? '' : 'lower is better', scores };
}

/** Two tables may come from the same kind of score. */
function withNamesOnce(metrics: readonly ScoredMetric[]): readonly ScoredMetric[] {
  const seen = new Map<string, number>();
  return metrics.map((metric) => {
    const n = (seen.get(metric.name) ?? 0) + 1;
    seen.set(metric.name, n);
    return n === 1 ? metric : { ...metric, name: `${metric.name} (${n})` };
  });
}

/** Of the first metric, which the others are held against: the sets in which it differs most from people, by its own scale. */
async function disagreementsOf(
  { sets }: Judgements,
  { metrics, ranked }: Alignment,
  scored: readonly ScoredMetric[],
  ctx: NodeContext,
): Promise<{ readonly metric: string; readonly rows: readonly Disagreement[] } | null> {
  const metric = scored[metrics.findIndex(({ accuracy }) => accuracy !== null)];
  if (!metric) return null;
  const differing = ranked
    .flatMap(({ set, best }) => {
      const scores = sets[set]!.images.map(({ asset }) => metric.scores.get(asset.id) ?? null);
      const own = scores[best];
      if (own === null || own === undefined) return [];
      const sign = metric.higherIsBetter ? 1 : -1;
      const gap = Math.max(...scores.flatMap((score) => (score === null ? [] : sign * (score - own))));
      return gap > 0 ? [{ set, best, scores, gap }] : [];
    })
    .sort((a, b) => b.gap - a.gap)
    .slice(0, shownDisagreements);
  const small = async (image: Image) => {
    const sheet = contactSheet([await ctx.images.read(image)], { cell: Math.min(shownSide, Math.max(image.width, image.height)) });
    const { asset } = await ctx.images.write(sheet, { key: image.key, caption: '' });
    return `data:${asset.mediaType};base64,${Buffer.from(await ctx.assets.read(asset)).toString('base64')}`;
  };
  const rows: Disagreement[] = [];
  for (const { set, best, scores } of differing)
    rows.push({
      key: sets[set]!.key,
      caption: sets[set]!.caption,
      best,
      scores,
      images: await Promise.all(sets[set]!.images.map(small)),
    });
  return { metric: metric.name, rows };
}
