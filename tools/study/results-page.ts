// The study's results as a Markdown page of tables: every difference with its interval.
import type { Difference, StudyMeasure } from './compare-sets.ts';
import type { DegradationRow } from './degradations.ts';
import { times, type DenoisingError } from './denoising-error.ts';
import type { AlignmentRow } from './oracle-alignment.ts';

/** A row of a table: a variant with the mean of its training seeds. */
export interface VariantRow {
  readonly label: string;
  readonly seeds: number;
  readonly values: Readonly<Record<StudyMeasure, number>>;
  /** Null for the base itself, and for pictures that are no variant. */
  readonly againstBase: Readonly<Record<StudyMeasure, Difference>> | null;
  readonly againstPlain: Readonly<Record<StudyMeasure, Difference>> | null;
}

export interface StudyResults {
  readonly command: string;
  readonly setting: string;
  readonly main: readonly VariantRow[];
  /** Controls made of the base's pictures, and real pictures. */
  readonly references: readonly VariantRow[];
  readonly ablation: readonly VariantRow[];
  readonly degradations: readonly DegradationRow[];
  readonly denoising: readonly { readonly label: string; readonly rows: readonly DenoisingError[] }[];
  readonly alignment: readonly AlignmentRow[];
}

const number = (value: number, digits = 3) => (Number.isFinite(value) ? value.toFixed(digits).replace('-', '−') : '–');
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const signed = (value: number) => `${value >= 0 ? '+' : ''}${number(value)}`;
const interval = ({ estimate, low, high, verdict }: Difference) => {
  const text = `${signed(estimate)} [${signed(low)}, ${signed(high)}]`;
  return verdict === 'no measurable change' ? text : `**${text}**`;
};
const withSeeds = (difference: Difference) =>
  difference.seeds.length > 1 ? `${interval(difference)} (${difference.seeds.map(signed).join(', ')})` : interval(difference);
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  `| ${head.join(' | ')} |`,
  `|${head.map(() => '---|').join('')}`,
  ...rows.map((row) => `| ${row.join(' | ')} |`),
  '',
];

const columns: readonly (readonly [StudyMeasure, string])[] = [
  ['agreement', 'caption agreement (CLIP-Score)'],
  ['reward', 'reward (IR)'],
  ['preference', 'preference (HPS)'],
  ['faceScore', 'face score (FS)'],
  ['frechetDistance', 'Fréchet ↓'],
];
const guards: readonly (readonly [StudyMeasure, string])[] = [
  ['sharpness', 'sharpness'],
  ['contrast', 'contrast'],
  ['diversity', 'diversity'],
  ['faceFound', 'face found'],
  ['faceScorePlain', 'face score trained without degraded negatives'],
];

/** Says in words what score and guards say together, by their intervals alone. */
export function reading(row: VariantRow): string {
  const { againstBase } = row;
  if (!againstBase) return '';
  const of = (measure: StudyMeasure) => againstBase[measure].verdict;
  const [score, distance] = [of('faceScore'), of('frechetDistance')];
  const away = (['sharpness', 'contrast', 'diversity'] as const).filter((measure) => of(measure) === 'worse');
  const disagreeing = (['agreement', 'reward', 'preference'] as const).filter((measure) => of(measure) === 'worse');
  const parts = [
    score === 'better' && distance === 'worse'
      ? '**score rises while the pictures leave the real ones**'
      : score === 'better' && distance === 'better'
        ? 'better on score and Fréchet'
        : score === 'no measurable change' && distance === 'no measurable change'
          ? 'no measurable change'
          : [
              ...(score === 'no measurable change' ? [] : [`score ${score}`]),
              ...(distance === 'no measurable change' ? [] : [`Fréchet ${distance}`]),
            ].join(', '),
    ...(disagreeing.length > 0 ? [`${disagreeing.join(', ')} worse`] : []),
    ...(away.length > 0 ? [`${away.join(', ')} further from real`] : []),
  ];
  return parts.join('; ');
}

const differences = (rows: readonly VariantRow[], which: 'againstBase' | 'againstPlain', show: (difference: Difference) => string) =>
  table(
    ['', ...columns.map(([, title]) => title), ...(which === 'againstBase' ? ['reading'] : [])],
    rows.flatMap((row) => {
      const of = row[which];
      return of ? [[row.label, ...columns.map(([measure]) => show(of[measure])), ...(which === 'againstBase' ? [reading(row)] : [])]] : [];
    }),
  );

export function resultsPage({ command, setting, main, references, ablation, degradations, denoising, alignment }: StudyResults): string {
  const lines = [
    '# Guidance study: tables',
    '',
    `Written by \`${command}\`. ${setting}`,
    '',
    'Differences are means over training seeds; in brackets a paired 95 % bootstrap interval over prompts (all seeds resampled together), in parentheses each training seed. Bold where the interval leaves zero out.',
    '',
    '## The table',
    '',
    "In the shape of the paper's table of results. Means over training seeds.",
    '',
    ...table(
      ['', 'seeds', ...columns.map(([, title]) => title)],
      [...main, ...references].map(({ label, seeds, values }) => [
        label,
        `${seeds}`,
        ...columns.map(([measure]) => number(values[measure])),
      ]),
    ),
    '## Against the base',
    '',
    ...differences(main, 'againstBase', withSeeds),
    '## Against plain fine-tuning with the same training seed',
    '',
    ...differences(main, 'againstPlain', withSeeds),
    '## Guards',
    '',
    ...table(
      ['', ...guards.map(([, title]) => title)],
      [...main, ...references].map(({ label, values }) => [label, ...guards.map(([measure]) => number(values[measure]))]),
    ),
    'Controls against the base:',
    '',
    ...differences(references, 'againstBase', interval),
    '## Ablation',
    '',
    'One training seed each, on other prompts and noise than the tables above; one thing changed of the setting "Guidance ℓ2". Settings of the tables above were picked here.',
    '',
    'Against the base:',
    '',
    ...differences(ablation, 'againstBase', interval),
    'Against plain fine-tuning:',
    '',
    ...differences(ablation, 'againstPlain', interval),
    '## What the loss does: error of the clean latents seen by one step',
    '',
    'Inside the faces of held-out pairs, against the good latents: behind the noised good picture / behind the noised bad one.',
    '',
    ...table(
      ['t', ...denoising.map(({ label }) => label)],
      times.map((t, i) => [`${t}`, ...denoising.map(({ rows }) => `${number(rows[i]!.good)} / ${number(rows[i]!.bad)}`)]),
    ),
    '## Face scores against degraded faces',
    '',
    'Share of held-out good faces that score above the degraded version of themselves.',
    '',
    ...table(
      ['', 'faces', ...Object.keys(degradations[0]?.accuracy ?? {})],
      degradations.map(({ damage, faces, accuracy }) => [damage, `${faces}`, ...Object.values(accuracy).map(percent)]),
    ),
    '## Metric alignment with an oracle',
    '',
    'Sets of three drawn faces of one scene with different true defects, blur and grain; simulated annotators look at the defects alone. Share of pairs that a metric ranks as their majority does, with a 95 % interval over sets.',
    '',
    ...table(
      ['', 'accuracy', 'pairs'],
      alignment.map(({ metric, accuracy: { estimate, low, high }, pairs }) => [
        metric,
        `${percent(estimate)} [${percent(low)}, ${percent(high)}]`,
        `${pairs}`,
      ]),
    ),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}
