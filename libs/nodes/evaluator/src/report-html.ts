// The report for people: one self-contained HTML page, no script, no address outside itself. Every number leads to its picture, and each picture to the graph that made it.
import { distributionPlot, escapeHtml, intervalPlot, reportPage } from '@facewright/report';
import type { Comparison, Experiment, Measure, MeasuredVariant, VariantSummary } from './experiment.ts';
import { sortedRows, type Section } from './report-cases.ts';
import type { Verdict } from './verdict.ts';

export interface ReportContent {
  readonly title: string;
  readonly verdict: Verdict;
  readonly experiment: Experiment;
  readonly variants: readonly MeasuredVariant[];
  readonly real: MeasuredVariant | null;
  readonly sections: readonly Section[];
  /** data: URLs of the pictures of a row, one for each variant that is no control. */
  readonly pictures: ReadonlyMap<number, readonly string[]>;
  /** The document of the run, as JSON. */
  readonly graph: string;
}

/** Width of a picture in its row, pixels. */
const smallestPicture = 128;
const style = `<style>
a{color:var(--a)}td a,.case a{text-decoration-thickness:1px;text-underline-offset:3px}
.quartiles{stroke:var(--soft);stroke-width:3}.median{stroke:var(--ink);stroke-width:2}.shape{fill:var(--a);fill-opacity:.28;stroke:var(--a);stroke-width:1}.mark{fill:var(--b);stroke:var(--card);stroke-width:1}a:hover .mark,a:focus .mark{stroke:var(--ink);stroke-width:2}
.case{background:var(--card);border-radius:6px;padding:10px 12px;break-inside:avoid}.case p{font-size:13px;overflow-wrap:anywhere}
.cases{display:grid;gap:10px;align-items:start;margin:10px 0}.case:has(figure:target){grid-column:1/-1}
.row{display:grid;grid-template-columns:repeat(auto-fill,minmax(${smallestPicture}px,1fr));gap:8px;margin-top:6px}.row figure{margin:0;border-radius:4px;scroll-margin:40px}.row img{display:block;width:100%;max-width:512px;border-radius:4px}
.row figcaption{font-size:12px;line-height:1.4;margin-top:3px}.row figure:target{outline:3px solid var(--a);outline-offset:3px;grid-column:1/-1}.case:target{outline:3px solid var(--a)}
h3{font-size:15px;margin:22px 0 6px;scroll-margin:20px}pre{background:var(--card);padding:12px;border-radius:6px;overflow:auto;max-height:420px;font-size:12px}
nav{display:flex;flex-wrap:wrap;gap:4px 14px}.mono{font-family:ui-monospace,monospace;font-size:12px}
@media print{nav,details,.graph{display:none}body{max-width:none;padding:0}.wide{overflow:visible}table{font-size:11px}th{font-size:10px}th,td{padding:4px 5px;white-space:normal}}
</style>`;

const fixed = (value: number | null | undefined) =>
  value === null || value === undefined || Number.isNaN(value) ? '–' : value.toFixed(Math.abs(value) < 0.1 ? 4 : 3).replace('-', '−');
const signed = (value: number) => `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(Math.abs(value) < 0.1 ? 4 : 3)}`;
const arrow = ({ better }: Measure, real: boolean) => (better === 'higher' ? '↑' : better === 'lower' ? '↓' : real ? '→ real' : '');
const metricId = (index: number) => `m${index}`;
/** The anchor of one picture. */
const pictureId = (row: number, variant: number) => `p${row}-${variant}`;

export function renderReport(content: ReportContent): string {
  const { title, verdict, experiment, variants, real, sections } = content;
  const { measures, summaries, comparisons, resamples } = experiment;
  const base = variants.find(({ role }) => role === 'base')!;
  const shown = variants.filter(({ role }) => role === 'base' || role === 'variant');
  const pictured = measures.flatMap((measure, index) => (measure.of === 'picture' ? [{ measure, index }] : []));
  const body = `${style}
<p class="soft">${base.keys.length} pictures of each of ${shown.length} variants: the same prompts, the same seeds${real ? `; ${real.keys.length} real pictures` : ''}. Paired bootstrap with ${resamples} resamples.</p>
<section class="verdict ${verdict.tone}"><strong>${escapeHtml(verdict.headline)}</strong>${verdict.sentences.map((s) => `<p>${escapeHtml(s)}</p>`).join('')}</section>
<nav><a href="#changed">What changed</a><a href="#variants">Every variant</a>${pictured.map(({ measure, index }) => `<a href="#${metricId(index)}">${escapeHtml(measure.name)}</a>`).join('')}<a href="#comparisons">Every comparison</a><a href="#graph">The graph</a></nav>
<h2 id="changed">What changed, against ${escapeHtml(base.label)}</h2>${measures.map((measure) => differencePlot(measure, comparisons, base.label, real !== null)).join('')}
<h2 id="variants">Every variant</h2>${summaryTable(measures, summaries)}${factsTable(shown)}
<p class="soft">${explain(measures, real !== null)}</p>
<h2>Pictures that nobody chose</h2>${cases(
    content,
    shown,
    sections.find(({ measure }) => measure === null),
  )}
<h2>From each number to its picture</h2>
<p class="soft">Dots and underlined numbers lead to their picture; a picture that is led to is shown large. Save a picture: its file carries the graph that made it, and opens it when it is dropped onto the editor.</p>
${pictured.map(({ measure, index }) => metricSection(content, shown, measure.name, index)).join('')}
<h2 id="comparisons">Every comparison</h2>${comparisonTable(measures, comparisons, real !== null)}
<h2 class="graph">The graph that made the pictures</h2><p class="soft graph">Save this text as a .json file and open it in the editor, or run it with <span class="mono">facewright run</span>.</p>
<details open><summary>Graph document</summary><pre id="graph">${escapeHtml(content.graph)}</pre></details>`;
  return reportPage(title, body);
}

function differencePlot(measure: Measure, comparisons: readonly Comparison[], base: string, real: boolean): string {
  const rows = comparisons
    .filter((c) => c.measure === measure.name && c.against === base)
    .map(({ variant, difference, verdict }) => ({
      label: variant,
      interval: Number.isNaN(difference.low) ? { ...difference, low: difference.estimate, high: difference.estimate } : difference,
      tone: verdict === 'better' ? ('good' as const) : verdict === 'worse' ? ('bad' as const) : ('neutral' as const),
    }));
  const reading =
    measure.better === 'higher'
      ? 'right of zero is better'
      : measure.better === 'lower'
        ? 'left of zero is better'
        : real
          ? 'change of the distance to real; left of zero is better'
          : 'without real pictures, neither side is better';
  return intervalPlot(rows, `${measure.name} – ${measure.title}: difference to ${base} with 95 % interval; ${reading}.`);
}

const explain = (measures: readonly Measure[], real: boolean): string =>
  [
    'A score may have been what training aimed at; sharpness, contrast, diversity and distances to real pictures were not.',
    ...(measures.some((m) => m.of === 'set') ? ['Values of sets are computed on features of a network.'] : []),
    ...(real && measures.some((m) => m.better === 'lower')
      ? ['For real pictures a distance is that of one half to the other: nothing below it means anything.']
      : []),
    real
      ? 'Sharpness, contrast and diversity are good when like those of real pictures.'
      : 'Without real pictures, sharpness, contrast and diversity only tell of a change.',
    'The controls are the pictures of the base, blurred and noised: a score that they raise can be bought.',
  ].join(' ');

function summaryTable(measures: readonly Measure[], summaries: readonly VariantSummary[]): string {
  const real = summaries.some(({ role }) => role === 'real');
  const head = measures.map((m) => `<th title="${escapeHtml(m.title)}">${escapeHtml(m.name)} ${arrow(m, real)}</th>`).join('');
  const cell = ({ role, pictures, values, measured }: VariantSummary, measure: Measure, index: number) => {
    const text = fixed(values[measure.name]);
    const missing = measure.of === 'picture' ? pictures - measured[measure.name]! : 0;
    const linked = measure.of === 'picture' && (role === 'base' || role === 'variant') ? `<a href="#${metricId(index)}">${text}</a>` : text;
    return `<td>${linked}${missing > 0 ? `<br><small class="soft">${missing} not scored</small>` : ''}</td>`;
  };
  const body = summaries
    .map((s) => `<tr><td>${escapeHtml(s.label)}</td><td>${s.pictures}</td>${measures.map((m, i) => cell(s, m, i)).join('')}</tr>`)
    .join('');
  return `<div class="wide"><table><thead><tr><th></th><th>Pictures</th>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function factsTable(shown: readonly MeasuredVariant[]): string {
  const names = [...new Set(shown.flatMap(({ facts }) => Object.keys(facts)))];
  if (names.length === 0) return '';
  const body = shown
    .map(
      ({ label, facts }) =>
        `<tr><td>${escapeHtml(label)}</td>${names.map((name) => `<td>${escapeHtml(facts[name] ?? '–')}</td>`).join('')}</tr>`,
    )
    .join('');
  return `<h3>What drew them</h3><div class="wide"><table><thead><tr><th></th>${names.map((name) => `<th>${escapeHtml(name)}</th>`).join('')}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function metricSection(content: ReportContent, shown: readonly MeasuredVariant[], measure: string, index: number): string {
  const { pictures, sections } = content;
  const section = sections.find((s) => s.measure === measure);
  const link = (row: number, variant: number, text: string) =>
    pictures.has(row) ? `<a href="#${pictureId(row, variant)}">${text}</a>` : text;
  const rows = shown.map((variant, v) => {
    const sorted = sortedRows(variant, measure);
    const at = (p: number) => sorted[Math.round(p * (sorted.length - 1))]!;
    const cells =
      sorted.length === 0 ? '<td>–</td>'.repeat(3) : [0, 0.5, 1].map((p) => `<td>${link(at(p).row, v, fixed(at(p).value))}</td>`).join('');
    return {
      table: `<tr><td>${escapeHtml(variant.label)}</td>${cells}<td>${sorted.length}</td><td>${variant.keys.length - sorted.length}</td></tr>`,
      plot: {
        label: variant.label,
        values: sorted.map(({ value }) => value),
        marks: sorted
          .filter(({ row }) => pictures.has(row))
          .map(({ row, value }) => ({ value, href: `#${pictureId(row, v)}`, title: `${variant.keys[row]}: ${fixed(value)}` })),
      },
    };
  });
  const title = content.experiment.measures[index]!.title;
  const values = rows.flatMap(({ plot }) => plot.values);
  if (values.length > 0 && values.every((value) => value === values[0]))
    return `<h3 id="${metricId(index)}">${escapeHtml(measure)}</h3><p class="soft">${escapeHtml(title)}: ${fixed(values[0])} for every picture${values.length < shown.length * shown[0]!.keys.length ? ' that was scored' : ''}.</p>`;
  return `<h3 id="${metricId(index)}">${escapeHtml(measure)}</h3>${distributionPlot(
    rows.map(({ plot }) => plot),
    `${title}: single pictures. The bar spans the middle half, the line is the median; dots lead to pictures below.`,
  )}<div class="wide"><table><thead><tr><th></th><th>Lowest</th><th>Median</th><th>Highest</th><th>Scored</th><th>Not scored</th></tr></thead><tbody>${rows.map(({ table }) => table).join('')}</tbody></table></div>${cases(content, shown, section)}`;
}

/** Rows of pictures: one prompt and seed, drawn by every variant. */
function cases(
  { pictures, experiment: { measures } }: ReportContent,
  shown: readonly MeasuredVariant[],
  section: Section | undefined,
): string {
  const all = (section?.cases ?? [])
    .filter(({ row }) => pictures.has(row))
    .map(({ row, reasons }) => {
      const { keys, images } = shown[0]!;
      const figures = shown.map(({ label, values }, v) => {
        const numbers = measures
          .filter((m) => m.of === 'picture')
          .map((m) => {
            const { value, note } = values[m.name]![row]!;
            const text = `${escapeHtml(m.name)} ${value === null ? `– <small>${escapeHtml(note ?? '')}</small>` : fixed(value)}`;
            return m.name === section!.measure ? `<b>${text}</b>` : text;
          })
          .join('<br>');
        const alt = escapeHtml(`${label}: ${images[row]!.caption}`);
        return `<figure id="${pictureId(row, v)}"><a href="#${pictureId(row, v)}"><img alt="${alt}" src="${pictures.get(row)![v]!}" loading="lazy"></a><figcaption><b>${escapeHtml(label)}</b><br>${numbers}</figcaption></figure>`;
      });
      return `<div class="case">${reasons.length > 0 ? `<p><b>${escapeHtml(reasons.join(' · '))}</b></p>` : ''}<p>${escapeHtml(images[row]!.caption)}</p><p class="soft"><span class="mono">${escapeHtml(keys[row]!)}</span> · <a href="#graph">the graph that made it</a></p><div class="row">${figures.join('')}</div></div>`;
    })
    .join('');
  const least = shown.length * (smallestPicture + 8) + 24;
  return all && `<div class="cases" style="grid-template-columns:repeat(auto-fill,minmax(min(100%,${least}px),1fr))">${all}</div>`;
}

function comparisonTable(measures: readonly Measure[], comparisons: readonly Comparison[], real: boolean): string {
  const byName = new Map(measures.map((measure, index) => [measure.name, { measure, index }]));
  const body = comparisons
    .map(({ variant, against, measure, difference, winRate, pairs, verdict }) => {
      const { measure: about, index } = byName.get(measure)!;
      const cell = Number.isNaN(difference.estimate)
        ? '–'
        : Number.isNaN(difference.low)
          ? signed(difference.estimate)
          : `${signed(difference.estimate)} [${signed(difference.low)}, ${signed(difference.high)}]`;
      const mark = verdict === 'better' || verdict === 'worse' ? ` class="${verdict}"` : '';
      const name = `${escapeHtml(measure)}${about.better === 'real' && real ? ' (distance to real)' : ''}`;
      const linked = about.of === 'picture' ? `<a href="#${metricId(index)}">${cell}</a>` : cell;
      return `<tr><td>${escapeHtml(variant)} − ${escapeHtml(against)}</td><td>${name}</td><td>${linked}</td><td>${winRate === null ? '–' : `${Math.round(100 * winRate)} %`}</td><td>${pairs}</td><td${mark}>${verdict}</td></tr>`;
    })
    .join('');
  return `<div class="wide"><table><thead><tr><th>Comparison</th><th>Measure</th><th>Difference [95 %]</th><th>Won</th><th>Pairs</th><th></th></tr></thead><tbody>${body}</tbody></table></div>`;
}
