// The words of an experiment's report: what the intervals allow to be said of each variant, and no more.
import type { Comparison, Experiment } from './experiment.ts';
import { intervalText, type Verdict } from './verdict.ts';

/** A variant whose sharpness goes this share of the way to a control is called by the control's name. */
const shareOfControl = 0.5;
const sharpnessTitle = 'Sharpness';
const facesFoundTitle = 'Faces found';

/** Scores are those of pictures where higher is better, but for the faces found. Set distances, sharpness, contrast and diversity are what no score sees. */
export function judgeExperiment({ measures, summaries, comparisons }: Experiment): Verdict {
  const base = summaries.find(({ role }) => role === 'base')!.label;
  const controls = summaries.filter(({ role }) => role === 'control').map(({ label }) => label);
  const rivals = summaries.filter(({ role }) => role === 'variant').map(({ label }) => label);
  const scores = measures.filter((m) => m.of === 'picture' && m.better === 'higher' && m.title !== facesFoundTitle).map(({ name }) => name);
  const directed = measures.filter((m) => m.better !== 'real').map(({ name }) => name);
  const likeReal = measures.filter((m) => m.better === 'real').map(({ name }) => name);
  /** Guards that fall when pictures turn soft or to noise; the others also change for good reasons. */
  const telling = measures.filter((m) => m.better === 'lower' || m.title === sharpnessTitle).map(({ name }) => name);
  const against = (variant: string, measure: string) =>
    comparisons.find((c) => c.variant === variant && c.against === base && c.measure === measure);
  const named = (variant: string, names: readonly string[], verdict: Comparison['verdict']): readonly Comparison[] =>
    names.flatMap((name) => against(variant, name) ?? []).filter((c) => c.verdict === verdict);

  const list = (of: readonly Comparison[]) =>
    of
      .map(
        (c) => `${c.measure} ${intervalText(c)}${c.winRate === null ? '' : `, won ${Math.round(100 * c.winRate)} % of ${c.pairs} pairs`}`,
      )
      .join('; ');

  const sentences: string[] = [];
  const better: string[] = [];
  const worse: string[] = [];
  const mixed: string[] = [];
  const hacked: string[] = [];
  const unreal: string[] = [];
  const real: string[] = [];
  const same: string[] = [];
  for (const variant of rivals) {
    const [up, down] = [named(variant, directed, 'better'), named(variant, directed, 'worse')];
    const [closer, further] = [named(variant, likeReal, 'better'), named(variant, likeReal, 'worse')];
    const changed = named(variant, likeReal, 'changed');
    const parts = [
      ...(up.length > 0 ? [`better: ${list(up)}`] : []),
      ...(down.length > 0 ? [`worse: ${list(down)}`] : []),
      ...(closer.length > 0 ? [`more like real pictures: ${list(closer)}`] : []),
      ...(further.length > 0 ? [`less like real pictures: ${list(further)}`] : []),
      ...(changed.length > 0 ? [`changed, for better or worse: ${list(changed)}`] : []),
    ];
    sentences.push(`${variant} against ${base}: ${parts.length > 0 ? parts.join('. Also ') : 'no measurable change'}.`);
    const scoreRose = up.some(({ measure }) => scores.includes(measure));
    const guardsFell = [...down, ...further].filter(({ measure }) => telling.includes(measure)).map(({ measure }) => measure);
    const like = towardsControl(variant);
    if (scoreRose && (guardsFell.length > 0 || like !== null)) {
      hacked.push(variant);
      const why = [
        ...(guardsFell.length > 0 ? [`moved away from real pictures (${guardsFell.join(', ')})`] : []),
        ...(like !== null ? [`became like the control "${like}"`] : []),
      ];
      sentences.push(
        `${variant}: the score rose while the pictures ${why.join(' and ')}: treat the score as hacked, not the pictures as better.`,
      );
    } else if (up.length > 0 && down.length > 0) mixed.push(variant);
    else if (up.length > 0) better.push(variant);
    else if (down.length > 0) worse.push(variant);
    else if (further.length > 0) unreal.push(variant);
    else if (closer.length > 0) real.push(variant);
    else same.push(variant);
  }
  for (const control of controls)
    for (const { measure } of named(control, scores, 'better'))
      sentences.push(`The control "${control}" raised ${measure} too: this score can be bought, so alone it proves nothing here.`);

  const tested = comparisons.filter((c) => Number.isFinite(c.difference.low)).length;
  const untested = [...new Set(comparisons.filter((c) => c.verdict === 'not tested').map((c) => c.measure))];
  if (untested.length > 0)
    sentences.push(
      `${untested.join(', ')}: differences without an interval, since with so many features resampling would take hours; KID has one.`,
    );
  sentences.push(
    `${tested} intervals of 95 % were looked at: where nothing differs, about ${Math.round(tested / 20)} of them leave zero out by chance. Believe what many measures agree on, or what was asked before looking.`,
  );
  const says = [
    ...(better.length > 0 ? [`better than ${base}: ${better.join(', ')}`] : []),
    ...(mixed.length > 0 ? [`better and worse at once: ${mixed.join(', ')}`] : []),
    ...(worse.length > 0 ? [`worse: ${worse.join(', ')}`] : []),
    ...(real.length > 0 ? [`more like real pictures: ${real.join(', ')}`] : []),
    ...(unreal.length > 0 ? [`less like real pictures: ${unreal.join(', ')}`] : []),
    ...(hacked.length > 0 ? [`score hacked: ${hacked.join(', ')}`] : []),
    ...(same.length > 0 ? [`no measurable change: ${same.join(', ')}`] : []),
  ].join(' · ');
  return {
    tone: hacked.length + worse.length > 0 ? 'bad' : better.length > 0 && mixed.length === 0 ? 'good' : 'neutral',
    headline: rivals.length === 0 ? `${base} alone: nothing to compare with.` : `${says.charAt(0).toUpperCase()}${says.slice(1)}.`,
    sentences,
  };

  /** The control whose change of sharpness or more the variant shares, or null. Real pictures are not needed for it. */
  function towardsControl(variant: string): string | null {
    const sharpness = measures.find(({ title }) => title === sharpnessTitle)?.name;
    const valueOf = (label: string) =>
      sharpness === undefined ? null : (summaries.find((s) => s.label === label)?.values[sharpness] ?? null);
    const [from, now] = [valueOf(base), valueOf(variant)];
    if (from === null || now === null || against(variant, sharpness!)?.verdict === 'no measurable change') return null;
    return (
      controls.find((control) => {
        const to = valueOf(control);
        return to !== null && to !== from && (now - from) / (to - from) >= shareOfControl;
      }) ?? null
    );
  }
}
