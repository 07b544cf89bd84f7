// The report's own words: what the intervals allow to be said, and no more.
import type { Comparison, Experiment } from './experiment.ts';

export interface Verdict {
  readonly tone: 'good' | 'bad' | 'neutral';
  readonly headline: string;
  readonly sentences: readonly string[];
}

const number = (value: number) => `${value >= 0 ? '+' : '−'}${Math.abs(value).toFixed(Math.abs(value) < 0.1 ? 3 : 2)}`;
/** '+0.12 [+0.05, +0.19]', or the estimate alone where there is no interval. */
export const intervalText = ({ difference: { estimate, low, high } }: Comparison): string =>
  Number.isNaN(low) ? number(estimate) : `${number(estimate)} [${number(low)}, ${number(high)}]`;

export function judge(
  { comparisons }: Experiment,
  names: { readonly base: string; readonly tuned: string; readonly rival: string | null; readonly controls: readonly string[] },
): Verdict {
  const find = (variant: string, against: string, measure: string) =>
    comparisons.find((c) => c.variant === variant && c.against === against && c.measure === measure)!;
  const score = find(names.tuned, names.base, 'faceScore');
  const frechet = find(names.tuned, names.base, 'frechetDistance');
  const guards = (['sharpness', 'contrast', 'diversity'] as const).map((measure) => find(names.tuned, names.base, measure));
  const sentences: string[] = [];

  const say = (subject: string, c: Comparison) =>
    Number.isNaN(c.difference.estimate)
      ? `${subject}: no face was found in both pictures of any pair, so there is nothing to compare.`
      : c.verdict === 'no measurable change'
        ? `${subject}: no measurable change (${intervalText(c)}).`
        : `${subject}: ${c.verdict} by ${intervalText(c)}${c.winRate === null ? '' : `; ${Math.round(100 * c.winRate)} % of ${c.pairs} pairs got better`}.`;
  sentences.push(say('Face score', score), say('Fréchet distance to real pictures', frechet));

  const worse = guards.filter((c) => c.verdict === 'worse').map((c) => c.measure);
  if (worse.length) sentences.push(`Moved away from real pictures: ${worse.join(', ')}.`);
  const hacked = score.verdict === 'better' && (frechet.verdict === 'worse' || worse.includes('sharpness'));
  if (hacked)
    sentences.push('The score rose while the pictures moved away from real ones: treat the score as hacked, not the faces as better.');
  for (const control of names.controls)
    if (find(control, names.base, 'faceScore').verdict === 'better')
      sentences.push(
        `The control "${control}" raised the face score too: this scorer can be bought, so the score alone proves nothing here.`,
      );

  let level: string | null = null;
  if (names.rival) {
    const againstRival = (['faceScore', 'frechetDistance'] as const).map((measure) => find(names.tuned, names.rival!, measure));
    const [byScore, byDistance] = againstRival as [Comparison, Comparison];
    level = againstRival.some((c) => c.verdict === 'worse')
      ? 'behind'
      : againstRival.some((c) => c.verdict === 'better')
        ? 'ahead of'
        : 'level with';
    if (
      byScore.verdict !== 'no measurable change' &&
      byDistance.verdict !== 'no measurable change' &&
      byScore.verdict !== byDistance.verdict
    )
      level = 'neither clearly ahead of nor behind';
    sentences.push(
      `Against ${names.rival}: face score ${intervalText(byScore)} (${byScore.verdict}), Fréchet distance ${intervalText(byDistance)} (${byDistance.verdict}): ${level} it.`,
    );
  }

  if (score.verdict === 'better' && frechet.verdict === 'better' && !hacked)
    return {
      tone: 'good',
      headline: `${names.tuned} made faces measurably better than ${names.base}${level ? `, and is ${level} ${names.rival}` : ''}.`,
      sentences,
    };
  if (hacked) return { tone: 'bad', headline: `${names.tuned} raised the score without making the pictures more real.`, sentences };
  if (score.verdict === 'worse' || frechet.verdict === 'worse')
    return {
      tone: 'bad',
      headline: `${names.tuned} made faces measurably worse than ${names.base} on ${[score, frechet]
        .filter((c) => c.verdict === 'worse')
        .map((c) => (c.measure === 'faceScore' ? 'face score' : 'Fréchet distance'))
        .join(' and ')}.`,
      sentences,
    };
  if (score.verdict === 'better' || frechet.verdict === 'better')
    return {
      tone: 'neutral',
      headline: `${names.tuned} improved ${score.verdict === 'better' ? 'the face score' : 'the Fréchet distance'} only; the other shows no measurable change.`,
      sentences,
    };
  return { tone: 'neutral', headline: 'No measurable change.', sentences };
}
