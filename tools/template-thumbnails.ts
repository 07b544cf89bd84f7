// Pictures of the templates for the editor's list: npm run thumbnails [NAME …]. Runs each template on the CPU and lays out what it draws.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { applySettings, openLocalSource } from '@facewright/cli';
import { parseGraphText, picturesIn, type Image, type NodeOutputs, type RunEvent } from '@facewright/core';
import sharp, { type OverlayOptions } from 'sharp';

const folder = join(import.meta.dirname, '../templates');
const [WIDTH, HEIGHT, GAP] = [512, 288, 8];
const MOST_BYTES = 40_000;
/** Smaller pictures are enlarged without smoothing. */
const PIXEL_ART = 160;

interface Recipe {
  /** What makes the run short: NODE.INPUT=VALUE. */
  readonly settings: readonly string[];
  /** Nodes whose pictures are shown, a row each. */
  readonly rows: readonly string[];
  /** A column each instead. */
  readonly columns?: boolean;
}
/** What makes the templates short that train and compare. */
const experiment = [
  'good.count=24',
  'held-out.count=40',
  'held-out.promptCount=8',
  'bad.steps=6',
  'face-score.steps=4',
  'face-score.batch=4',
  'report.resamples=100',
];
/** Templates without one run as they are and show the pictures of the last node that gives some. */
const recipes: Readonly<Record<string, Recipe>> = {
  'face-quality-loop': {
    settings: [
      'good.count=24',
      'held-out.count=40',
      'held-out.promptCount=12',
      'bad.steps=6',
      'face-score.steps=4',
      'face-score.batch=4',
      'tuned.steps=3',
      'tuned.batch=4',
      'rival.steps=3',
      'rival.batch=4',
      'report.resamples=100',
    ],
    rows: ['tuned-pictures'],
  },
  'guidance-finetune': { settings: [...experiment, 'guided.steps=3', 'guided.batch=4', 'plain.steps=3', 'plain.batch=4'], rows: ['draw'] },
  'compare-finetunes': {
    settings: [
      ...experiment,
      'drawn.steps=3',
      ...['guided', 'guided-dino', 'dpo', 'spin'].flatMap((id) => [`${id}.steps=3`, `${id}.batch=4`]),
    ],
    rows: ['draw'],
  },
  'benchmark-models': { settings: ['held-out.count=40', 'held-out.promptCount=8', 'report.resamples=100'], rows: ['draw'] },
  'metric-alignment': { settings: ['judges.sets=6', 'simulated.resamples=100'], rows: ['judges'] },
  'face-detailer': { settings: [], rows: ['before', 'after'] },
  'face-detailer-rounds': { settings: [], rows: ['before', 'after'] },
  img2img: { settings: [], rows: ['before', 'after'], columns: true },
  inpaint: { settings: [], rows: ['before', 'mask', 'after'], columns: true },
  'inpaint-faces': { settings: [], rows: ['good', 'bad'] },
  'lora-compare': { settings: ['prompts.limit=2'], rows: ['base', 'with-a', 'with-b', 'with-both'], columns: true },
  'make-pairs': { settings: [], rows: ['fitted', 'bad'] },
  'score-photos': { settings: [], rows: ['overlays'] },
  'train-face-score': {
    settings: ['good.count=24', 'held-out.count=16', 'trainer.epochs=1', 'trainer.batch=4'],
    rows: ['good', 'bad'],
  },
  txt2img: { settings: ['sampler.seed=15', 'sampler.imagesPerPrompt=2'], rows: ['sampler'] },
};

/** The pictures of every node, in the order in which the nodes ran, and the bytes of one. */
async function runTemplate<T>(
  name: string,
  settings: readonly string[],
  use: (pictures: ReadonlyMap<string, readonly Image[]>, read: (image: Image) => Promise<Uint8Array>) => Promise<T>,
): Promise<T> {
  const { graph, problems } = parseGraphText(await readFile(join(folder, `${name}.json`), 'utf8'));
  if (!graph) throw new Error(`${name}: ${problems.map(({ message }) => message).join('; ')}`);
  const data = mkdtempSync(join(tmpdir(), 'facewright-thumbnails-'));
  const source = await openLocalSource({ dataFolder: data, provider: 'cpu', memory: 'auto', log: () => {} });
  try {
    const pictures = new Map<string, readonly Image[]>();
    const keep = (node: string, outputs: NodeOutputs) => pictures.set(node, [...picturesIn(outputs).values()]);
    let failed: RunEvent | undefined;
    const emit = (event: RunEvent) => {
      if (event.type === 'node_finished') keep(event.node, event.outputs);
      if (event.type === 'run_failed') failed = event;
    };
    await source.run({ graph: applySettings(graph, settings, source.definitions) }, emit, new AbortController().signal);
    if (failed?.type === 'run_failed') throw new Error(`${name}: ${failed.problems.map(({ message }) => message).join('; ')}`);
    return await use(pictures, ({ asset }) => source.read(asset));
  } finally {
    await source.close();
    rmSync(data, { recursive: true, force: true });
  }
}

/** A wall of two or more rows that runs over both edges; few pictures stand side by side. */
async function layOut(rows: readonly (readonly Image[])[], read: (image: Image) => Promise<Uint8Array>): Promise<Buffer> {
  const few = rows.length === 1 && rows[0]!.length < 8;
  const fewColumns = Math.min(3, rows[0]!.length);
  const side = few
    ? Math.floor((WIDTH - (fewColumns + 1) * GAP) / fewColumns)
    : Math.floor((HEIGHT - (rows.length + 1) * GAP) / rows.length);
  const columns = few ? fewColumns : Math.ceil((WIDTH + GAP) / (side + GAP));
  const left = Math.round((WIDTH - columns * (side + GAP) + GAP) / 2);
  const top = Math.round((HEIGHT - rows.length * (side + GAP) + GAP) / 2);
  const wall = { width: WIDTH + 2 * side, height: HEIGHT, channels: 3 as const, background: '#14161c' };
  const tiles = rows.flatMap((row, y) =>
    row.slice(0, columns).map(async (image, x): Promise<OverlayOptions> => {
      const kernel = image.width < PIXEL_ART ? 'nearest' : 'lanczos3';
      const input = await sharp(await read(image))
        .resize({ width: side, height: side, fit: 'cover', kernel })
        .png()
        .toBuffer();
      return { input, left: side + left + x * (side + GAP), top: top + y * (side + GAP) };
    }),
  );
  const whole = await sharp({ create: wall })
    .composite(await Promise.all(tiles))
    .png()
    .toBuffer();
  const cut = sharp(whole).removeAlpha().extract({ left: side, top: 0, width: WIDTH, height: HEIGHT });
  for (const colours of [256, 128, 64, 32]) {
    const png = await cut.clone().png({ palette: true, colours, dither: 0.5, effort: 10 }).toBuffer();
    if (png.length <= MOST_BYTES) return png;
  }
  throw new Error(`expected a thumbnail of at most ${MOST_BYTES} bytes, got more with 32 colours`);
}

/** One row of many becomes two. */
const inTwo = (images: readonly Image[]): (readonly Image[])[] =>
  images.length < 8 ? [images] : [images.slice(0, images.length / 2), images.slice(images.length / 2)];

const { positionals } = parseArgs({ allowPositionals: true });
const all = readdirSync(folder).filter((file) => file.endsWith('.json'));
for (const name of positionals.length > 0 ? positionals : all.map((file) => file.slice(0, -'.json'.length))) {
  const { settings, rows, columns = false } = recipes[name] ?? { settings: [], rows: [] };
  const png = await runTemplate(name, settings, async (pictures, read) => {
    const given = rows.map((node) => pictures.get(node) ?? []);
    const shown = columns ? (given[0] ?? []).map((_, i) => given.map((images) => images[i]!)) : given;
    const last = [...pictures.values()].findLast((images) => images.length > 0) ?? [];
    const [only = last] = shown;
    return layOut(shown.length > 1 ? shown : inTwo(only), read);
  });
  await writeFile(join(folder, `${name}.png`), png);
  console.log(`templates/${name}.png: ${png.length} bytes`);
}
