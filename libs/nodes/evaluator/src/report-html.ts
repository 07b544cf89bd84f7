// The report for people: one self-contained HTML page, no script, no address outside itself.
import { escapeHtml, histogram, intervalPlot, reportPage } from '@facewright/report';
import type { Comparison, Experiment, MeasuredVariant, VariantSummary } from './experiment.ts';
import { allMeasures } from './measures.ts';
import type { Verdict } from './verdict.ts';

export interface ReportPictures {
  /** One row a pair: the same prompt and seed drawn by each variant, as data: URLs. */
  readonly rows: readonly {
    readonly key: string;
    readonly caption: string;
    readonly change: number | null;
    readonly images: readonly string[];
  }[];
  readonly labels: readonly string[];
}

const fixed = (value: number | null) => (value === null ? '–' : value.toFixed(Math.abs(value) < 0.1 ? 4 : 3));
const signed = (value: number) => `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(Math.abs(value) < 0.1 ? 4 : 3)}`;

function summaryTable(summaries: readonly VariantSummary[]): string {
  const head = allMeasures
    .map(({ label, better }) => `<th>${label} ${better === 'higher' ? '↑' : better === 'lower' ? '↓' : '→ real'}</th>`)
    .join('');
  const body = summaries
    .map(
      ({ label, pictures, values }) =>
        `<tr><td>${escapeHtml(label)}</td><td>${pictures}</td>${allMeasures.map(({ name }) => `<td>${fixed(values[name])}</td>`).join('')}</tr>`,
    )
    .join('');
  return `<div class="wide"><table><thead><tr><th></th><th>Pictures</th>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function comparisonTable(comparisons: readonly Comparison[]): string {
  const label = new Map(allMeasures.map((measure) => [measure.name, measure]));
  const body = comparisons
    .map(({ variant, against, measure, difference, winRate, pairs, verdict }) => {
      const { label: name, better } = label.get(measure)!;
      const cell = Number.isNaN(difference.estimate)
        ? '–'
        : `${signed(difference.estimate)} [${signed(difference.low)}, ${signed(difference.high)}]`;
      const mark = verdict === 'no measurable change' ? '' : ` class="${verdict}"`;
      return `<tr><td>${escapeHtml(variant)} − ${escapeHtml(against)}</td><td>${name}${better === 'real' ? ' (distance to real)' : ''}</td><td>${cell}</td><td>${winRate === null ? '–' : `${Math.round(100 * winRate)} %`}</td><td>${pairs}</td><td${mark}>${verdict}</td></tr>`;
    })
    .join('');
  return `<div class="wide"><table><thead><tr><th>Comparison</th><th>Measure</th><th>Difference [95 %]</th><th>Won</th><th>Pairs</th><th></th></tr></thead><tbody>${body}</tbody></table></div>`;
}

function pictureGrid({ rows, labels }: ReportPictures): string {
  const columns = `style="grid-template-columns:minmax(140px,260px) repeat(${labels.length},minmax(0,128px))"`;
  const head = `<div></div>${labels.map((label) => `<div class="head">${escapeHtml(label)}</div>`).join('')}`;
  const body = rows
    .map(({ key, caption, change, images }) => {
      const about = `<div class="about">${escapeHtml(caption)}<br>${escapeHtml(key)}${change === null ? '' : `<br>score ${signed(change)}`}</div>`;
      return about + images.map((url, i) => `<img alt="${escapeHtml(`${labels[i]}: ${caption}`)}" src="${url}">`).join('');
    })
    .join('');
  return `<div class="pictures" ${columns}>${head}${body}</div>`;
}

export function renderReport(
  title: string,
  verdict: Verdict,
  { summaries, comparisons, resamples }: Experiment,
  variants: readonly MeasuredVariant[],
  pictures: { readonly best: ReportPictures; readonly worst: ReportPictures; readonly sample: ReportPictures },
): string {
  const base = variants.find(({ role }) => role === 'base')!;
  const plots = (['faceScore', 'frechetDistance', 'sharpness', 'diversity'] as const)
    .map((name) => {
      const measure = allMeasures.find((m) => m.name === name)!;
      const rows = comparisons
        .filter((c) => c.measure === name && c.against === base.label)
        .map(({ variant, difference, verdict: v }) => ({
          label: variant,
          interval: difference,
          tone: v === 'better' ? ('good' as const) : v === 'worse' ? ('bad' as const) : ('neutral' as const),
        }));
      const reading =
        measure.better === 'higher'
          ? 'right of zero is better'
          : measure.better === 'lower'
            ? 'left of zero is better'
            : 'change of the distance to real; left of zero is better';
      return intervalPlot(rows, `${measure.label}, difference to ${base.label} with 95 % interval; ${reading}.`);
    })
    .join('');
  const scores = variants
    .filter(({ role }) => role !== 'control')
    .map(({ label, pictures: list }) => ({ label, values: list.flatMap(({ values }) => values.faceScore ?? []) }));
  return reportPage(
    title,
    `<p class="soft">${base.pictures.length} pairs of pictures, same prompts and seeds; paired bootstrap with ${resamples} resamples.</p>
<section class="verdict ${verdict.tone}"><strong>${escapeHtml(verdict.headline)}</strong>${verdict.sentences.map((s) => `<p>${escapeHtml(s)}</p>`).join('')}</section>
<h2>What changed, against the base</h2>${plots}
<h2>Every variant</h2>${summaryTable(summaries)}
<p class="soft">The face score may have been what training aimed at; the other measures were not. Fréchet distance and diversity use features of a network that never saw a generated picture. For real pictures the Fréchet distance is that of one half to the other: nothing below it means anything. Sharpness, contrast and diversity are good when like real ones.</p>
<h2>How the face scores spread</h2>${histogram(scores, 'Face scores of single pictures; share of pictures in each bin.')}
<h2>Pictures, not chosen</h2>${pictureGrid(pictures.sample)}
<h2>Where the score rose most</h2>${pictureGrid(pictures.best)}
<h2>Where it fell most</h2>${pictureGrid(pictures.worst)}
<h2>Every comparison</h2>${comparisonTable(comparisons)}`,
  );
}
