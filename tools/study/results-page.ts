// The study's results as a Markdown page of tables: every number with its interval, each training seed by itself.
import type { Variant } from './study-graph.ts';

interface Comparison {
  readonly variant: string;
  readonly against: string;
  readonly measure: string;
  readonly difference: { readonly estimate: number; readonly low: number; readonly high: number };
  readonly winRate: number | null;
  readonly verdict: string;
}
export interface StudyResult {
  readonly variant: Variant;
  readonly seed: number;
  readonly summaries: readonly {
    readonly role: string;
    readonly label: string;
    readonly pictures: number;
    readonly values: Readonly<Record<string, number | null>>;
  }[];
  readonly comparisons: readonly Comparison[];
  readonly verdict: { readonly headline: string };
}

const signed = (value: number) => `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(3)}`;
const cell = ({ difference: { estimate, low, high } }: Comparison) => `${signed(estimate)} [${signed(low)}, ${signed(high)}]`;
const plainNumber = (value: number | null | undefined) => (value === null || value === undefined ? '–' : value.toFixed(3));

const measures = ['faceScore', 'faceFound', 'sharpness', 'contrast', 'frechetDistance', 'diversity'];

export function resultsPage(results: readonly StudyResult[], command: string): string {
  const find = ({ comparisons }: StudyResult, label: string, against: string, measure: string) =>
    comparisons.find((c) => c.variant === label && c.against === against && c.measure === measure);
  const first = results[0]!;
  const fixed = first.summaries.filter(({ role }) => role !== 'tuned' && role !== 'rival');
  const lines = [
    '# Guidance study: tables',
    '',
    `Written by \`${command}\`. Differences are variant minus base over the same prompts and seeds, with paired 95 % bootstrap intervals. Face score: higher is better. Fréchet distance: lower is better.`,
    '',
    '## Each variant and training seed against the base',
    '',
    '| variant | seed | face score | won | Fréchet distance | sharpness: distance to real | diversity: distance to real |',
    '|---|---|---|---|---|---|---|',
    ...results.map((result) => {
      const { label } = result.variant;
      const of = (measure: string) => find(result, label, 'Base', measure)!;
      const won = of('faceScore').winRate;
      return `| ${label} | ${result.seed} | ${cell(of('faceScore'))} | ${won === null ? '–' : `${Math.round(100 * won)} %`} | ${cell(of('frechetDistance'))} | ${cell(of('sharpness'))} | ${cell(of('diversity'))} |`;
    }),
    '',
    '## Against plain fine-tuning with the same seed',
    '',
    '| variant | seed | face score | Fréchet distance | the report says |',
    '|---|---|---|---|---|',
    ...results
      .filter((result) => find(result, result.variant.label, 'Plain fine-tuning', 'faceScore'))
      .map((result) => {
        const of = (measure: string) => cell(find(result, result.variant.label, 'Plain fine-tuning', measure)!);
        return `| ${result.variant.label} | ${result.seed} | ${of('faceScore')} | ${of('frechetDistance')} | ${result.verdict.headline} |`;
      }),
    '',
    '## Base, controls and real pictures',
    '',
    `| | pictures | ${measures.join(' | ')} |`,
    `|---|---|${measures.map(() => '---|').join('')}`,
    ...fixed.map(
      ({ label, pictures, values }) => `| ${label} | ${pictures} | ${measures.map((name) => plainNumber(values[name])).join(' | ')} |`,
    ),
    ...results.map((result) => {
      const own = result.summaries.find(({ role }) => role === 'tuned')!;
      return `| ${own.label}, seed ${result.seed} | ${own.pictures} | ${measures.map((name) => plainNumber(own.values[name])).join(' | ')} |`;
    }),
    '',
    `Controls against the base, face score: ${['Base, blurred', 'Base, noised'].map((label) => `${label} ${cell(find(first, label, 'Base', 'faceScore')!)}`).join('; ')}. The Fréchet distance of real pictures is that of one half to the other.`,
    '',
  ];
  return `${lines.join('\n')}\n`;
}
