import { createRng } from '@facewright/tensor';
import { createFakeContext } from '@facewright/testing';
import { describe, expect, it } from 'vitest';
import { defectSize, partOfDefects } from './defect-size.ts';
import { deformScene } from './deform-scene.ts';
import { NO_DEFECTS, sampleScene } from './face-scene.ts';
import { run } from './toy-judgements.ts';

const make = (inputs: Partial<Parameters<typeof run>[0]> = {}) =>
  run(
    { sets: 12, perSet: 3, strongest: 1, nuisance: 0.5, annotators: 3, noise: 0.1, tieBelow: 0.03, seed: 1, ...inputs },
    createFakeContext(),
  );
type Made = Awaited<ReturnType<typeof make>>;
const ids = ({ images }: Made) => images.map(({ asset }) => asset.id);
const votesOf = ({ judgements }: Made) => judgements.sets.map(({ votes }) => votes.map(({ choice }) => choice));
/** The true defects of each set. */
const truthOf = ({ judgements, truth }: Made) => {
  const byAsset = new Map(truth.rows.map(({ image, score }) => [image.asset.id, score!]));
  return judgements.sets.map(({ images }) => images.map(({ asset }) => byAsset.get(asset.id)!));
};

describe('the size of defects', () => {
  it('is 0 for a sound face, grows with the amount of defects and is the whole at 1', () => {
    const rng = createRng(1);
    for (let n = 0; n < 50; n++) {
      const sound = sampleScene(rng);
      const { defects } = deformScene(sound, rng);
      const sizes = [0, 0.25, 0.49, 0.75, 1].map((amount) => defectSize({ ...sound, defects: partOfDefects(defects, amount) }));
      expect(sizes[0]).toBe(0);
      expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
      expect(new Set(sizes).size).toBe(5);
      expect(partOfDefects(defects, 1)).toEqual(defects);
    }
  });
  it('adds displacement, wrong size, a turned mouth and a surplus eye, in half heights of the head', () => {
    const sound = { ...sampleScene(createRng(1)), eyeSize: 0.2, noseWidth: 0.1, mouthWidth: 0.3 };
    const size = (defects: object) => defectSize({ ...sound, defects: { ...NO_DEFECTS, ...defects } });
    expect(size({ nose: { x: 0.3, y: 0.4 } })).toBeCloseTo(0.5, 12);
    expect(size({ leftEyeScale: 0, mouthScale: 1.5 })).toBeCloseTo(0.2 + 0.15, 12);
    expect(size({ mouthTilt: Math.PI / 3 })).toBeCloseTo(0.3, 12);
    expect(size({ surplusEye: { x: 0, y: 0 } })).toBe(0.25);
  });
});

describe('toy judgements', () => {
  it('draws sets of one scene each, with the true defect of every picture', async () => {
    const made = await make();
    expect(made.judgements.sets).toHaveLength(12);
    expect(made.judgements.labels).toEqual(['A', 'B', 'C']);
    for (const { images, caption, votes } of made.judgements.sets) {
      expect(images.map((image) => image.caption)).toEqual([caption, caption, caption]);
      expect(votes.map(({ annotator }) => annotator)).toEqual(['Simulated 1', 'Simulated 2', 'Simulated 3']);
    }
    expect(new Set(ids(made)).size).toBe(36);
    expect(made.truth).toMatchObject({ higherIsBetter: false });
    expect(made.truth.rows.map(({ image }) => image.asset.id)).toEqual(ids(made));
  });
  it('has annotators who see well choose the least defect, and call a tie what hardly differs', async () => {
    const made = await make({ noise: 0, sets: 60 });
    const votes = votesOf(made);
    truthOf(made).forEach((truth, set) => {
      const [least, next] = truth.toSorted((a, b) => a - b);
      const right = next! - least! < 0.03 ? 'tie' : truth.indexOf(least!);
      expect(votes[set]).toEqual([right, right, right]);
    });
    expect(votes.flat()).toContain('tie');
    expect(votesOf(await make({ noise: 0, tieBelow: 0, sets: 60 })).flat()).not.toContain('tie');
  });
  it('has annotators who see badly differ, the more the worse they see', async () => {
    const wrong = async (noise: number) => {
      const made = await make({ noise, tieBelow: 0, sets: 150, perSet: 2, nuisance: 0 });
      const truth = truthOf(made);
      const all = votesOf(made).flatMap((votes, set) => votes.map((choice) => choice !== truth[set]!.indexOf(Math.min(...truth[set]!))));
      return all.filter(Boolean).length / all.length;
    };
    const [sharp, dim, blind] = [await wrong(0.02), await wrong(0.2), await wrong(2)];
    expect(sharp).toBeLessThan(dim);
    // Blind guesses between two are right half of the time: 450 votes, four standard deviations are 0.09.
    expect(dim).toBeLessThan(blind - 0.05);
    expect(Math.abs(blind - 0.45)).toBeLessThan(0.1);
  });
  it('gives the same for a seed, keeps the pictures for other annotators, and adds to the first sets', async () => {
    const made = await make();
    expect(await make()).toEqual(made);
    expect(ids(await make({ annotators: 5, noise: 1 }))).toEqual(ids(made));
    const more = await make({ sets: 20 });
    expect(more.judgements.sets.slice(0, 12)).toEqual(made.judgements.sets);
    expect(ids(await make({ seed: 2 }))).not.toEqual(ids(made));
    expect(truthOf(await make({ nuisance: 0 }))).toEqual(truthOf(made));
    expect(Math.max(...truthOf(await make({ strongest: 0.2 })).flat())).toBeLessThan(Math.max(...truthOf(made).flat()));
  });
});
