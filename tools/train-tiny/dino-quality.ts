// What features of faces carry, by simple readers that never train the network: nearest neighbours and linear read-outs.
import { PARAMETER_NAMES, parametersOf } from '@facewright/node-toy-faces';
import { fitRidge } from '../ridge.ts';
import { PICTURE_BYTES, SIDE, type FaceSet } from './face-set.ts';

export interface FeatureQuality {
  /** Share of pictures whose nearest neighbours agree with their expression, hair style and glasses: mean over the three. */
  readonly neighbours: number;
  /** Share of the variance of the face's parameters (places, shapes) that a linear read-out explains: median over them. */
  readonly explained: number;
  /** Chance that a linear read-out ranks a deformed face below a sound one. */
  readonly defects: number;
}

const NEIGHBOURS = 20;
/** Those of the face itself: before the colours. */
const FACE_PARAMETERS = PARAMETER_NAMES.indexOf('lightX');

/** Both sets: pictures that the features were not trained on, a part of them deformed; the read-outs are fitted on the first and judged on the second. */
export function featureQuality(
  fit: FaceSet,
  test: FaceSet,
  features: { readonly fit: readonly ArrayLike<number>[]; readonly test: readonly ArrayLike<number>[] },
): FeatureQuality {
  const labels = (['expression', 'hairStyle', 'glasses'] as const).map((name) => {
    const right = nearest(
      features,
      fit.scenes.map((scene) => String(scene[name])),
    );
    return right.filter((label, i) => label === String(test.scenes[i]![name])).length / right.length;
  });
  const sound = (set: FaceSet, rows: readonly ArrayLike<number>[]) => rows.filter((_, i) => set.deformed[i] === 0);
  const truth = (set: FaceSet) =>
    set.scenes.filter((_, i) => set.deformed[i] === 0).map((scene) => parametersOf(scene).slice(0, FACE_PARAMETERS));
  const [known, wanted] = [truth(fit), truth(test)];
  const reader = fitRidge(sound(fit, features.fit), known, { strength: 0.01 });
  const said = sound(test, features.test).map((row) => reader.predict(row));
  const explained = Array.from({ length: FACE_PARAMETERS }, (_, p) => {
    const mean = wanted.reduce((sum, row) => sum + row[p]!, 0) / wanted.length;
    let [left, total] = [0, 0];
    wanted.forEach((row, i) => {
      left += (row[p]! - said[i]![p]!) ** 2;
      total += (row[p]! - mean) ** 2;
    });
    return 1 - left / total;
  });
  const judge = fitRidge(
    features.fit,
    Array.from(fit.deformed, (d) => [d]),
    { strength: 0.01 },
  );
  const scores = features.test.map((row) => judge.predict(row)[0]!);
  return {
    neighbours: labels.reduce((a, b) => a + b, 0) / labels.length,
    explained: explained.sort((a, b) => a - b)[Math.floor(explained.length / 2)]!,
    defects: rankShare(
      scores.filter((_, i) => test.deformed[i] === 1),
      scores.filter((_, i) => test.deformed[i] === 0),
    ),
  };
}

/** The most frequent label among the nearest by cosine, for each row to test. */
function nearest(
  { fit, test }: { readonly fit: readonly ArrayLike<number>[]; readonly test: readonly ArrayLike<number>[] },
  labels: readonly string[],
): string[] {
  const width = fit[0]!.length;
  const mean = Float64Array.from({ length: width }, (_, j) => fit.reduce((sum, row) => sum + row[j]!, 0) / fit.length);
  const unit = (row: ArrayLike<number>) => {
    const centred = mean.map((m, j) => row[j]! - m);
    const norm = Math.sqrt(centred.reduce((sum, v) => sum + v * v, 0));
    return centred.map((v) => v / norm);
  };
  const known = fit.map(unit);
  return test.map((row) => {
    const own = unit(row);
    const near = known
      .map((other, i) => ({ i, cosine: other.reduce((sum, v, j) => sum + v * own[j]!, 0) }))
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, NEIGHBOURS);
    const votes = new Map<string, number>();
    for (const { i } of near) votes.set(labels[i]!, (votes.get(labels[i]!) ?? 0) + 1);
    return [...votes].sort((a, b) => b[1] - a[1])[0]![0];
  });
}

/** Share of pairs whose first is the larger, ties half. */
export function rankShare(larger: readonly number[], smaller: readonly number[]): number {
  let sum = 0;
  for (const a of larger) for (const b of smaller) sum += a > b ? 1 : a === b ? 0.5 : 0;
  return sum / (larger.length * smaller.length);
}

/** Pictures as they are, averaged over squares of `block` pixels: what features are to be better than. */
export function plainPixels({ pixels, count }: FaceSet, block: number): Float32Array[] {
  const side = SIDE / block;
  return Array.from({ length: count }, (_, n) => {
    const row = new Float32Array(side * side * 3);
    for (let p = 0; p < PICTURE_BYTES; p++) {
      const [pixel, c] = [Math.floor(p / 3), p % 3];
      const [y, x] = [Math.floor(Math.floor(pixel / SIDE) / block), Math.floor((pixel % SIDE) / block)];
      row[(y * side + x) * 3 + c]! += pixels[n * PICTURE_BYTES + p]! / (block * block);
    }
    return row;
  });
}
