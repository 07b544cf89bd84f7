// The report of an alignment: for people one HTML page, for programs JSON, for spreadsheets CSV.
import type { Judgements } from '@facewright/core';
import { escapeHtml, intervalPlot, reportPage, type Interval, type IntervalRow } from '@facewright/report';
import type { Alignment } from './align.ts';
import type { Accuracy } from './alignment.ts';
import { alphaInWords, type JudgementSummary } from './summarise.ts';

export interface AlignmentAbout {
  readonly title: string;
  /** The judging task. */
  readonly name: string;
  readonly resamples: number;
  readonly summary: JudgementSummary;
  readonly alignment: Alignment;
}
/** A set in which a metric puts another picture before the one that people chose. */
export interface Disagreement {
  readonly key: string;
  readonly caption: string;
  readonly best: number;
  readonly scores: readonly (number | null)[];
  /** data: URLs. */
  readonly images: readonly string[];
}

export const rule =
  'Of the pairs of pictures that people ranked apart, the share in which the metric scores the picture that they chose strictly better. Equal scores count as wrong, as in the reference code of ImageReward; sets that people called a tie do not count; pairs with a picture that has no score are left out and counted.';

const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
const interval = (given: Interval | null, show: (value: number) => string) =>
  given ? `${show(given.estimate)} [${show(given.low)}, ${show(given.high)}]` : '–';
const signed = (value: number) => `${value >= 0 ? '+' : '−'}${Math.abs(100 * value).toFixed(1)}`;
/** Is the whole interval on one side of chance? */
const toneOf = ({ accuracy }: Accuracy): IntervalRow['tone'] =>
  accuracy === null ? 'neutral' : accuracy.low > 0.5 ? 'good' : accuracy.high < 0.5 ? 'bad' : 'neutral';

const byAccuracy = ({ metrics }: Alignment) => metrics.toSorted((a, b) => (b.accuracy?.estimate ?? -1) - (a.accuracy?.estimate ?? -1));

/** One sentence that says what came out. */
export function headline({ summary, alignment }: AlignmentAbout): string {
  if (summary.votes === 0) return 'Nobody has judged yet: there is nothing to compare with.';
  if (summary.decided === 0) return 'No set has a picture that most annotators chose: there is nothing to rank metrics by.';
  const best = byAccuracy(alignment)[0];
  if (!best?.accuracy) return 'No metric scored a pair that people ranked.';
  const told = `${best.name} agrees best with people: ${interval(best.accuracy, percent)} of ${best.pairs} pairs`;
  return best.accuracy.low > 0.5 ? `${told}.` : `${told}, which is not measurably better than chance.`;
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  `<div class="wide"><table><thead><tr>${head.map((cell) => `<th>${cell}</th>`).join('')}</tr></thead><tbody>${rows
    .map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`)
    .join('')}</tbody></table></div>`;

/** Rows as the paper has them: chance first, then the metrics as linked, then people. */
function accuracyTable({ metrics, people }: Alignment): string {
  const cells = ({ accuracy, pairs, ties, notScored }: Accuracy) => [interval(accuracy, percent), `${pairs}`, `${ties}`, `${notScored}`];
  return table(
    ['Method', 'Accuracy [95 %]', 'Pairs', 'Equal scores', 'Not scored', `Against ${escapeHtml(metrics[0]?.name ?? '')}, points`],
    [
      ['Random guess', percent(0.5), '', '', '', ''],
      ...metrics.map((metric) => [
        `${escapeHtml(metric.name)}${metric.note ? ` <span class="soft">(${escapeHtml(metric.note)})</span>` : ''}`,
        ...cells(metric),
        metric.difference ? interval(metric.difference, signed) : '',
      ]),
      ...(people ? [['One person, against the majority of the others', ...cells(people.all), '']] : []),
    ],
  );
}

function accuracyPlot({ metrics, people }: Alignment): string {
  const scaled = ({ estimate, low, high }: Interval): Interval => ({ estimate: 100 * estimate, low: 100 * low, high: 100 * high });
  const none: Interval = { estimate: Number.NaN, low: Number.NaN, high: Number.NaN };
  const rows = [
    ...metrics.map((metric) => ({
      label: metric.name,
      interval: metric.accuracy ? scaled(metric.accuracy) : none,
      tone: toneOf(metric),
    })),
    ...(people
      ? [{ label: 'One person', interval: people.all.accuracy ? scaled(people.all.accuracy) : none, tone: 'neutral' as const }]
      : []),
  ];
  return intervalPlot(rows, 'Pairwise accuracy in percent with 95 % intervals; the line is chance, 50 %.', 50);
}

function peopleSection({ summary, alignment: { people } }: AlignmentAbout): string {
  const { annotators, votes, sets, unjudged, decided, ties, noFace, preferred, agreement } = summary;
  const each = new Map(people?.each.map((one) => [one.name, one]));
  return `<p>${annotators.length} annotator(s) gave ${votes} votes on ${sets - unjudged} of ${sets} sets. The majority chose a picture in ${decided}, called ${ties} a tie and found no face in ${noFace}.</p>
<p>Krippendorff's alpha, nominal, over ${agreement.units} sets with two votes or more: ${alphaInWords(agreement)}.</p>
${table(
  ['Whose picture', 'Chosen', 'Of sets'],
  preferred.map(({ label, best, of }) => [escapeHtml(label), of > 0 ? `${best} (${percent(best / of)})` : `${best}`, `${of}`]),
)}
${table(
  ['Annotator', 'Votes', 'Agrees with the majority of the others [95 %]', 'Pairs'],
  annotators.map(({ name, votes: own }) => [
    escapeHtml(name),
    `${own}`,
    interval(each.get(name)?.accuracy ?? null, percent),
    `${each.get(name)?.pairs ?? 0}`,
  ]),
)}`;
}

const shown = (score: number | null) => (score === null ? 'not scored' : score.toPrecision(4));
function disagreementGrid(rows: readonly Disagreement[]): string {
  const columns = Math.max(...rows.map(({ images }) => images.length));
  return `<div class="pictures" style="grid-template-columns:minmax(140px,260px) repeat(${columns},minmax(0,${192}px))">${rows
    .map(({ key, caption, best, scores, images }) => {
      const cells = Array.from({ length: columns }, (_, i) =>
        images[i] === undefined
          ? '<div></div>'
          : `<div class="about"><img alt="${escapeHtml(caption)}" src="${images[i]}">${i === best ? '<strong>people</strong> · ' : ''}${shown(scores[i] ?? null)}</div>`,
      );
      return `<div class="about">${escapeHtml(caption)}<br>${escapeHtml(key)}</div>${cells.join('')}`;
    })
    .join('')}</div>`;
}

export function alignmentHtml(
  about: AlignmentAbout,
  disagreements: { readonly metric: string; readonly rows: readonly Disagreement[] } | null,
): string {
  const { title, name, resamples, alignment } = about;
  const best = byAccuracy(alignment)[0];
  const tone = best && about.summary.decided > 0 ? toneOf(best) : 'neutral';
  return reportPage(
    title,
    `<p class="soft">Judgements of ${escapeHtml(name)}; intervals by ${resamples} bootstrap resamples over sets.</p>
<section class="verdict ${tone}"><strong>${escapeHtml(headline(about))}</strong></section>
<h2>Metrics against people</h2>${accuracyPlot(alignment)}${accuracyTable(alignment)}
<p class="soft">${escapeHtml(rule)}</p>
<h2>What people said</h2>${peopleSection(about)}
${
  disagreements && disagreements.rows.length > 0
    ? `<h2>Where ${escapeHtml(disagreements.metric)} differs most from people</h2>${disagreementGrid(disagreements.rows)}`
    : ''
}`,
  );
}

const numbers = ({ accuracy, pairs, correct, ties, notScored }: Accuracy) => ({ accuracy, pairs, correct, ties, notScored });

export const alignmentJson = (
  { title, name, resamples, summary, alignment: { metrics, people } }: AlignmentAbout,
  judgements: Judgements,
) => ({
  title,
  rule,
  resamples,
  judgements: { name, ...summary, majorities: undefined },
  random: { accuracy: 0.5 },
  metrics: metrics.map(({ name: metric, higherIsBetter, note, difference, ...rest }) => ({
    metric,
    higherIsBetter,
    ...(note && { note }),
    ...numbers(rest),
    differenceToFirst: difference,
  })),
  people: people && { ...numbers(people.all), each: people.each.map(({ name: annotator, ...rest }) => ({ annotator, ...numbers(rest) })) },
  sets: judgements.sets.map(({ key, images, votes }, set) => ({
    key,
    pictures: images.map(({ asset }) => asset.id),
    votes: votes.length,
    majority: summary.majorities[set],
  })),
});

const quoted = (cell: string) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
export function alignmentCsv({ alignment: { metrics, people } }: AlignmentAbout): string {
  const cells = ({ accuracy, pairs, correct, ties, notScored }: Accuracy) => [
    accuracy?.estimate ?? '',
    accuracy?.low ?? '',
    accuracy?.high ?? '',
    pairs,
    correct,
    ties,
    notScored,
  ];
  const rows = [
    ['method', 'accuracy', 'low', 'high', 'pairs', 'correct', 'ties', 'not scored'],
    ['Random guess', 0.5, '', '', '', '', '', ''],
    ...metrics.map((metric) => [metric.name, ...cells(metric)]),
    ...(people ? [['One person', ...cells(people.all)]] : []),
  ];
  return rows.map((row) => `${row.map((cell) => quoted(String(cell))).join(',')}\r\n`).join('');
}
