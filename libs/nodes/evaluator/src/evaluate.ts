// An evaluation from pictures to report: opens the metrics, measures every picture, compares, and writes what people and programs read.
import { Buffer } from 'node:buffer';
import { withPictureGraph, type Image, type Metric, type NodeContext, type Report, type Variant } from '@facewright/core';
import { openMetrics, resizeImage } from '@facewright/pipelines';
import { err } from './errors.ts';
import { runExperiment, type Experiment } from './experiment.ts';
import { measureVariants } from './measure-variants.ts';
import { chooseCases } from './report-cases.ts';
import { reportCsv } from './report-csv.ts';
import { renderReport } from './report-html.ts';
import type { Verdict } from './verdict.ts';

export interface Evaluation {
  readonly title: string;
  /** The base first. */
  readonly variants: readonly Variant[];
  readonly metrics: readonly Metric[];
  readonly real: readonly Image[] | undefined;
  readonly resamples: number;
  readonly seed: number;
  /** The input that the pictures came in at, to name the node that made them. */
  readonly port: string;
  judge(experiment: Experiment): Verdict;
}

/** Fewer say nothing of the spread of their features. */
const fewestReal = 32;
/** Pictures in the report: what a browser and a mail still take. */
const [mostPictures, mostBytes] = [240, 16 * 1024 * 1024];
/** Longest side of a picture in the report; larger ones are made smaller. */
const longestSide = 320;

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Throws EVALUATOR_*, SCORES_*, and what opening the metrics' models and reading pictures throw. */
export async function evaluate(
  { title, variants, metrics, real, resamples, seed, port, judge }: Evaluation,
  ctx: NodeContext,
): Promise<Report> {
  if (real && real.length < fewestReal) throw err.TOO_FEW('real', fewestReal, real.length);
  const opened = await openMetrics(metrics, ctx);
  const withoutReal = opened.filter(({ better }) => better === 'lower').map(({ name }) => name);
  if (!real && withoutReal.length > 0) throw err.NO_REAL(withoutReal);

  // Comparisons and the report count as a tenth.
  const share = (part: number, of: number, from: number, to: number, preview?: Parameters<NodeContext['progress']>[2]) =>
    ctx.progress(Math.round(1000 * (from + (to - from) * (part / of))), 1000, preview);
  const measured = await measureVariants(
    { metrics: opened, variants, real, seed, onProgress: (done, total, preview) => share(done, total, 0, 0.9, preview) },
    ctx,
  );
  warnOfFew(opened, measured.variants[0]!.keys.length, real?.length, ctx);
  const experiment = await runExperiment(opened.map(plain), measured.variants, measured.real, {
    resamples,
    seed,
    onProgress: async (done, total) => {
      share(done, total, 0.9, 0.99);
      // Lets a cancel and the progress message through between comparisons.
      await new Promise((resolve) => setImmediate(resolve));
      await ctx.gate();
    },
  });
  const verdict = judge(experiment);

  const shown = measured.variants.filter(({ role }) => role !== 'control');
  const sections = chooseCases(experiment, measured.variants, Math.max(8, Math.floor(mostPictures / shown.length)));
  const from = ctx.graph.links.find(({ to }) => to[0] === ctx.node && to[1] === port)?.from[0] ?? ctx.node;
  const pictures = await pictureUrls(
    sections.flatMap(({ cases }) => cases.map(({ row }) => row)),
    (row) => shown.map(({ images }) => images[row]!),
    from,
    ctx,
  );
  const html = bytesOf(
    renderReport({
      title,
      verdict,
      experiment,
      ...measured,
      sections,
      pictures,
      graph: JSON.stringify(ctx.graph, null, 1),
    }),
  );
  const { keys } = measured.variants[0]!;
  const json = bytesOf(
    JSON.stringify({
      title,
      verdict,
      ...experiment,
      pictures: keys.map((key, i) => ({
        key,
        caption: measured.variants[0]!.images[i]!.caption,
        variants: Object.fromEntries(
          measured.variants.map(({ label, images, values }) => [
            label,
            {
              asset: images[i]?.asset.id ?? null,
              ...Object.fromEntries(Object.entries(values).map(([name, list]) => [name, list[i]!.value])),
            },
          ]),
        ),
      })),
    }),
  );
  const csv = bytesOf(reportCsv([...measured.variants, ...(measured.real ? [measured.real] : [])]));
  await ctx.files.write('report.html', html, 'rename');
  await ctx.files.write('report.json', json, 'rename');
  await ctx.files.write('report.csv', csv, 'rename');
  ctx.progress(1000, 1000);
  return {
    title,
    summary: [verdict.headline, ...verdict.sentences].join(' '),
    html: await ctx.assets.write(html, 'text/html'),
    json: await ctx.assets.write(json, 'application/json'),
    csv: await ctx.assets.write(csv, 'text/csv'),
  };
}

/** Without the work: what a report says of a metric. */
const plain = (metric: Awaited<ReturnType<typeof openMetrics>>[number]) => {
  const { of, name, title, better } = metric;
  return metric.of === 'set'
    ? { of: metric.of, name, title, better, statistic: metric.statistic, network: metric.network, length: metric.length }
    : { of: of as 'picture', name, title, better };
};

/** A covariance of fewer pictures than features is singular: the distance is then mostly a matter of how many pictures there are. */
function warnOfFew(metrics: Awaited<ReturnType<typeof openMetrics>>, pictures: number, real: number | undefined, ctx: NodeContext): void {
  for (const metric of metrics) {
    if (metric.of !== 'set' || metric.statistic !== 'frechet-distance') continue;
    const fewest = Math.min(pictures, real ?? pictures);
    if (fewest <= metric.length)
      ctx.log(
        'warn',
        `${metric.name}: ${fewest} pictures for ${metric.length} features: compare the value only with others of as many pictures; KID does not depend on their number`,
      );
  }
}

/** data: URLs by row, each a PNG that carries the graph of the run, until there are enough bytes. */
async function pictureUrls(
  rows: readonly number[],
  imagesOf: (row: number) => readonly Image[],
  node: string,
  ctx: NodeContext,
): Promise<ReadonlyMap<number, readonly string[]>> {
  const urls = new Map<number, readonly string[]>();
  let bytes = 0;
  for (const row of rows) {
    const images: string[] = [];
    for (const image of imagesOf(row)) {
      const { key, caption, width, height } = image;
      const scale = longestSide / Math.max(width, height);
      const small =
        scale < 1 || image.asset.mediaType !== 'image/png'
          ? await ctx.images.write(
              resizeImage(
                await ctx.images.read(image),
                Math.max(1, Math.round(width * Math.min(1, scale))),
                Math.max(1, Math.round(height * Math.min(1, scale))),
                'bicubic',
              ),
              { key, caption },
            )
          : image;
      const png = withPictureGraph(await ctx.assets.read(small.asset), { graph: ctx.graph, node, key, caption });
      bytes += png.length;
      images.push(`data:image/png;base64,${Buffer.from(png).toString('base64')}`);
    }
    if (bytes > mostBytes && urls.size > 0) break;
    urls.set(row, images);
  }
  return urls;
}
