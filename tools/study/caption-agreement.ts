// Whether a picture shows what its caption says, as CLIP-Score tells it: the cosine between what is read out of the picture and the words of the caption.
import { fitRidge } from '../ridge.ts';

/** Words and neighbouring words of a caption. */
const termsOf = (caption: string): string[] => {
  const words = caption.split(' ');
  return [...words, ...words.slice(1).map((word, i) => `${words[i]} ${word}`)];
};

/** A term counts when it is in this many captions or more: rarer ones cannot be learned. */
const FEWEST = 20;

export interface CaptionAgreement {
  /** -1 to 1; the features are those of the picture. */
  score(features: ArrayLike<number>, caption: string): number;
}

/** Learns from pictures and their captions what features say of each term; a term weighs the less the more captions have it. */
export function fitCaptionAgreement(features: readonly ArrayLike<number>[], captions: readonly string[]): CaptionAgreement {
  const counts = new Map<string, number>();
  for (const caption of captions) for (const term of new Set(termsOf(caption))) counts.set(term, (counts.get(term) ?? 0) + 1);
  const kept = [...counts].filter(([, count]) => count >= FEWEST && count <= captions.length - FEWEST);
  const scale = kept.map(([, count]) => {
    const share = count / captions.length;
    return { mean: share, deviation: Math.sqrt(share * (1 - share)) };
  });
  const vector = (caption: string) => {
    const terms = new Set(termsOf(caption));
    return kept.map(([term], k) => ((terms.has(term) ? 1 : 0) - scale[k]!.mean) / scale[k]!.deviation);
  };
  const readOut = fitRidge(features, captions.map(vector), { strength: 0.01 });
  return {
    score(row, caption) {
      const [said, wanted] = [readOut.predict(row), vector(caption)];
      const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
      return dot(said, wanted) / Math.sqrt(dot(said, said) * dot(wanted, wanted) || 1);
    },
  };
}
