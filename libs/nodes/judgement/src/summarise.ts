// What annotators said, counted: votes, majorities, agreement.
import type { Choice, Judgements } from '@facewright/core';
import type { Rng } from '@facewright/tensor';
import { labelsOf } from './labels-of.ts';
import { krippendorffAlpha, type Agreement } from './krippendorff-alpha.ts';
import { majority } from './majority.ts';

export interface JudgementSummary {
  readonly sets: number;
  readonly votes: number;
  /** Votes of each annotator, in the order met. */
  readonly annotators: readonly { readonly name: string; readonly votes: number }[];
  /** Majority of each set: a place, 'tie', 'no face'; null where nobody judged. */
  readonly majorities: readonly (Choice | null)[];
  /** Sets with a picture that most chose. */
  readonly decided: number;
  readonly ties: number;
  readonly noFace: number;
  readonly unjudged: number;
  /** For each label the sets in which its picture is the majority's, and those in which it stood for choice and a picture was chosen. */
  readonly preferred: readonly { readonly label: string; readonly best: number; readonly of: number }[];
  readonly agreement: Agreement;
}

/** Values of alpha are the label chosen, 'tie' and 'no face'. */
export function summarise({ labels, sets }: Judgements, resamples: number, rng: Rng): JudgementSummary {
  const votesOf = new Map<string, number>();
  for (const { votes } of sets) for (const { annotator } of votes) votesOf.set(annotator, (votesOf.get(annotator) ?? 0) + 1);
  const majorities = sets.map(({ votes }) => majority(votes.map(({ choice }) => choice)));
  const count = (wanted: (choice: Choice | null) => boolean) => majorities.filter(wanted).length;
  return {
    sets: sets.length,
    votes: sets.reduce((sum, { votes }) => sum + votes.length, 0),
    annotators: [...votesOf].map(([name, votes]) => ({ name, votes })),
    majorities,
    decided: count((choice) => typeof choice === 'number'),
    ties: count((choice) => choice === 'tie'),
    noFace: count((choice) => choice === 'no face'),
    unjudged: count((choice) => choice === null),
    preferred: labels.map((label) => {
      const standing = sets.map((set, s) => ({ place: labelsOf(set, labels).indexOf(label), best: majorities[s]! }));
      const chosen = standing.filter(({ place, best }) => place >= 0 && typeof best === 'number');
      return { label, best: chosen.filter(({ place, best }) => place === best).length, of: chosen.length };
    }),
    agreement: krippendorffAlpha(
      sets.map((set) => set.votes.map(({ choice }) => (typeof choice === 'number' ? `of ${labelsOf(set, labels)[choice]}` : choice))),
      resamples,
      rng,
    ),
  };
}

const rounded = (value: number) => value.toFixed(3).replace('-', '−');
/** Alpha with its interval, or why there is none. */
export const alphaInWords = ({ alpha, units }: Agreement): string =>
  alpha
    ? `${rounded(alpha.estimate)} [${rounded(alpha.low)}, ${rounded(alpha.high)}]`
    : units === 0
      ? 'not known: no set was judged by two annotators'
      : 'not defined: everybody always said the same';

export function summaryInWords(name: string, summary: JudgementSummary): string {
  const { sets, votes, annotators, decided, ties, noFace, unjudged, preferred, agreement } = summary;
  if (votes === 0) return `${name}: nobody has judged any of ${sets} sets yet.`;
  return [
    `${name}: ${votes} votes of ${annotators.map((annotator) => `${annotator.name} (${annotator.votes})`).join(', ')} on ${sets - unjudged} of ${sets} sets.`,
    `Majority: ${decided} decided, ${ties} ties, ${noFace} without a face. Best: ${preferred.map(({ label, best }) => `${label} ${best}`).join(', ')}.`,
    `Krippendorff's alpha ${alphaInWords(agreement)}.`,
  ].join('\n');
}
