// Filter pairs: the work of the node.
import type { Box, Face, Made, NodeContext, NodeRun, PairMade, PairSet } from '@facewright/core';
import { cropFace, madeBy, openDetector, openFaceScore, openLedger } from '@facewright/pipelines';
import type { ImageBuffer } from '@facewright/tensor';
import { err } from './errors.ts';
import { definition } from './filter-definition.ts';
import { pairReport, type LeftOut } from './pair-report.ts';
import { mostShown, pairSheet, shownPicture, type ShownPair } from './pair-sheet.ts';
import { meanScores } from './scores-of-pair.ts';

type Inputs = Parameters<NodeRun<typeof definition>>[0];
type Pair = PairSet['pairs'][number];
/** What is found out about a pair; plain data. */
type Finding = Pick<PairMade, 'score' | 'agreement'>;

/** Pairs that are scored together. */
const together = 8;
const secondsBetweenSaves = 5;

/** Throws PAIR_SET_NO_FILTER, PAIR_SET_FILTERED with what was left out, and what opening the models throws. */
export const run: NodeRun<typeof definition> = async (inputs, ctx) => {
  const { pairs: set, limit } = inputs;
  if (!inputs.scorer && !inputs.detector) throw err.NO_FILTER();
  const look = await openLook(inputs, ctx);
  const ledger = await openLedger<Finding>(ctx, secondsBetweenSaves);
  const kept: Pair[] = [];
  const left: LeftOut[] = [];
  const shown: ShownPair[] = [];
  let looked = 0;
  for (; looked < set.pairs.length && !(limit > 0 && kept.length === limit); looked += together) {
    if ((await ledger.pass()) === 'stop' && kept.length > 0) {
      ctx.unfinished(`${looked} of ${set.pairs.length} pairs`);
      break;
    }
    const group = set.pairs.slice(looked, looked + together);
    const unknown = group.filter(({ key }) => !ledger.finished.has(key));
    (await look(unknown)).forEach((finding, i) => ledger.add(unknown[i]!.key, finding));
    for (const pair of group) {
      if (limit > 0 && kept.length === limit) break;
      const finding = ledger.finished.get(pair.key)!;
      const judged: Pair = { ...pair, made: { difference: 0, ...pair.made, ...finding } };
      const why = refusal(finding, inputs);
      if (why !== null) left.push({ pair: judged, ...why });
      else {
        kept.push(judged);
        if (shown.length < mostShown) shown.push(await shownPair(judged, ctx));
      }
    }
    ctx.progress(
      Math.min(looked + together, set.pairs.length),
      set.pairs.length,
      shown.length > 0 ? pairSheet(shown.slice(-6)) : undefined,
    );
  }
  const counts = { lowGap: count(left, 'lowGap'), faceGone: count(left, 'faceGone') };
  if (kept.length === 0) throw err.FILTERED(inWords(counts, left, inputs));
  ctx.log('info', `${kept.length} of ${kept.length + left.length} pairs pass; left out ${inWords(counts, left, inputs)}`);
  const made = filterMade(inputs, ctx);
  const manifest = {
    ...set.manifest,
    pairs: kept.length,
    leftOut: { ...(set.manifest['leftOut'] as Record<string, number> | undefined), ...counts },
    why: {
      ...(set.manifest['why'] as Record<string, string> | undefined),
      ...Object.fromEntries(left.map(({ pair, why }) => [pair.key, why])),
    },
    filters: [...((set.manifest['filters'] as Made[] | undefined) ?? []), made],
  };
  const pairs: PairSet = { pairs: kept, manifest };
  return {
    pairs,
    preview: await ctx.images.write(pairSheet(shown), { key: 'pairs', caption: 'good and bad, side by side' }),
    report: await pairReport(pairs, left, ctx),
  };
};

const count = (left: readonly LeftOut[], reason: LeftOut['reason']) => left.filter((each) => each.reason === reason).length;

function inWords(
  { lowGap, faceGone }: { readonly lowGap: number; readonly faceGone: number },
  left: readonly LeftOut[],
  inputs: Inputs,
): string {
  const gaps = left.flatMap(({ pair }) => pair.made?.score?.gap ?? []);
  const largest = lowGap > 0 ? ` (the largest gap among them is ${Math.max(...gaps).toFixed(3)})` : '';
  return `${lowGap} whose score gap is below ${inputs.leastGap}${largest}, ${faceGone} without a face of overlap ${inputs.leastOverlap} in the bad picture`;
}

const filterMade = ({ pairs: _, scorer, detector, ...told }: Inputs, ctx: NodeContext): Made =>
  madeBy(definition, { ...(scorer && { scorer }), ...(detector && { detector }) }, told, ctx);

/** What scorer and detector say of pairs, in their order. */
async function openLook(inputs: Inputs, ctx: NodeContext): Promise<(pairs: readonly Pair[]) => Promise<readonly Finding[]>> {
  const { scorer, detector, prompt, threshold } = inputs;
  const scoring = scorer && { model: await openFaceScore(scorer, ctx), made: madeBy(definition, { scorer }, { prompt }, ctx) };
  const detecting = detector && { model: await openDetector(detector, ctx), made: madeBy(definition, { detector }, { threshold }, ctx) };
  return async (pairs) => {
    const pictures = await Promise.all(
      pairs.map(async ({ good, bad }) => ({ good: await ctx.images.read(good), bad: await ctx.images.read(bad) })),
    );
    const scores = scoring && (await scoresOf(pairs, pictures, (crops) => scoring.model.score(crops, prompt)));
    const findings: Finding[] = [];
    for (const [i, { boxes }] of pairs.entries()) {
      const faces = detecting && (await detecting.model.detect(pictures[i]!.bad, { threshold }));
      findings.push({
        ...(scores && scoring && { score: { made: scoring.made, ...scores[i]! } }),
        ...(faces && { agreement: { made: detecting.made, ...agreementOf(boxes, faces) } }),
      });
    }
    return findings;
  };
}

/** Both pictures of all pairs in one go. The gap of a pair is the least of its faces. */
async function scoresOf(
  pairs: readonly Pair[],
  pictures: readonly { readonly good: ImageBuffer; readonly bad: ImageBuffer }[],
  score: (crops: readonly ImageBuffer[]) => Promise<readonly number[]>,
) {
  const crops = pairs.flatMap(({ boxes }, i) =>
    (['good', 'bad'] as const).flatMap((side) => boxes.map((box) => cropFace(pictures[i]![side], box))),
  );
  const given = await score(crops.filter((crop) => crop !== null));
  let next = 0;
  const values = crops.map((crop) => (crop === null ? null : given[next++]!));
  let first = 0;
  return pairs.map(({ boxes }) => {
    const good = values.slice(first, first + boxes.length);
    const bad = values.slice(first + boxes.length, first + 2 * boxes.length);
    first += 2 * boxes.length;
    const gaps = good.flatMap((value, face) => {
      const other = bad[face] ?? null;
      return value === null || other === null ? [] : [value - other];
    });
    return { good, bad, gap: gaps.length > 0 ? Math.min(...gaps) : 0 };
  });
}

/** For each box the face that overlaps it most. */
function agreementOf(boxes: readonly Box[], faces: readonly Face[]): { overlaps: number[]; confidences: number[] } {
  const best = boxes.map((box) =>
    faces.reduce(
      (most, face) => {
        const overlap = overlapOf(box, face.box);
        return overlap > most.overlap ? { overlap, confidence: face.confidence } : most;
      },
      { overlap: 0, confidence: 0 },
    ),
  );
  return { overlaps: best.map(({ overlap }) => overlap), confidences: best.map(({ confidence }) => confidence) };
}

/** Intersection over union. */
export function overlapOf(a: Box, b: Box): number {
  const [width, height] = [Math.min(a[2], b[2]) - Math.max(a[0], b[0]), Math.min(a[3], b[3]) - Math.max(a[1], b[1])];
  if (width <= 0 || height <= 0) return 0;
  const area = ([x1, y1, x2, y2]: Box) => (x2 - x1) * (y2 - y1);
  return (width * height) / (area(a) + area(b) - width * height);
}

function refusal({ score, agreement }: Finding, { leastGap, leastOverlap }: Inputs): Omit<LeftOut, 'pair'> | null {
  if (agreement && agreement.overlaps.some((overlap) => overlap < leastOverlap || overlap === 0)) {
    const least = Math.min(...agreement.overlaps);
    return {
      reason: 'faceGone',
      why:
        least === 0
          ? 'no face in the bad picture where one was'
          : `a face in the bad picture overlaps by ${least.toFixed(2)}, less than ${leastOverlap}`,
    };
  }
  if (score && score.gap < leastGap) return { reason: 'lowGap', why: `score gap ${score.gap.toFixed(3)}, less than ${leastGap}` };
  return null;
}

async function shownPair(pair: Pair, ctx: NodeContext): Promise<ShownPair> {
  const [good, bad] = await Promise.all([ctx.images.read(pair.good), ctx.images.read(pair.bad)]);
  return { good: shownPicture(good, pair.boxes), bad: shownPicture(bad, pair.boxes), scores: meanScores(pair) };
}
