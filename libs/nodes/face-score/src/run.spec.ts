import type { Box, Image } from '@facewright/core';
import { createRuntime } from '@facewright/runtime';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createFakeContext } from '@facewright/testing';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './run.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
const folder = join(ctx.folder(), 'tiny');
beforeAll(() => writeTinyModels(folder));
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});

const picture = (key: string, caption = 'a face .'): Promise<Image> =>
  ctx.images.write(
    { width: 20, height: 30, channels: 3, data: Uint8Array.from({ length: 1800 }, (_, i) => (i * key.charCodeAt(0)) % 256) },
    { key, caption },
  );
const faces = async (found: Readonly<Record<string, readonly Box[]>>) => ({
  images: await Promise.all(
    Object.entries(found).map(async ([key, boxes]) => ({
      image: await picture(key),
      faces: boxes.map((box) => ({ box, confidence: 1, landmarks: [] })),
    })),
  ),
});
async function score(inputs: Partial<Parameters<typeof run>[0]>) {
  const { faceScore } = await tinyHandles(folder, ctx);
  return run({ model: faceScore, faces: undefined, images: undefined, prompt: 'A face.', per: 'face', ...inputs }, ctx);
}

describe('the face score node', () => {
  it('scores each face of each picture, and reports a picture without one as not scored', async () => {
    const found = await faces({
      a: [
        [1, 1, 15, 20],
        [4, 4, 12, 12],
      ],
      b: [],
      c: [[0, 0, 20, 30]],
      d: [[50, 50, 60, 60]],
    });
    const { scores, summary } = await score({ faces: found });
    expect(scores.rows.map(({ image, face, score: value, note }) => [image.key, face, value === null, note])).toEqual([
      ['a', 0, false, undefined],
      ['a', 1, false, undefined],
      ['b', null, true, 'no face found'],
      ['c', 0, false, undefined],
      ['d', 0, true, 'the box lies outside the picture'],
    ]);
    expect(new Set(scores.rows.flatMap((row) => row.score ?? [])).size).toBe(3);
    expect(summary).toMatch(/^mean -?\d+\.\d{4} over 3; 2 picture\(s\) not scored$/);
  });
  it('gives one row for each picture with the mean of its faces', async () => {
    const found = await faces({
      a: [
        [1, 1, 15, 20],
        [4, 4, 12, 12],
      ],
      b: [],
    });
    const [single, mean] = [await score({ faces: found }), await score({ faces: found, per: 'picture' })];
    const values = single.scores.rows.flatMap((row) => row.score ?? []);
    expect(mean.scores.rows).toHaveLength(2);
    expect(mean.scores.rows[0]!.score).toBeCloseTo((values[0]! + values[1]!) / 2, 6);
    expect(mean.scores.rows[1]).toMatchObject({ score: null, note: 'no face found' });
  });
  it('scores whole pictures, for the prompt or for their captions', async () => {
    const images = [await picture('a', 'a man'), await picture('b', 'a face .')];
    const values = async (prompt: string) => (await score({ images, prompt })).scores.rows.map((row) => row.score!);
    const [own, man, face] = [await values(''), await values('a man'), await values('a face .')];
    expect(own[0]).toBeCloseTo(man[0]!, 5);
    expect(own[1]).toBeCloseTo(face[1]!, 5);
    expect(Math.abs(man[1]! - face[1]!)).toBeGreaterThan(1e-4);
  });
  it('asks for either faces or images', async () => {
    await expect(score({})).rejects.toMatchObject({ code: 'SCORES_NOTHING' });
    await expect(score({ images: [await picture('a')], faces: await faces({ a: [] }) })).rejects.toMatchObject({ code: 'SCORES_BOTH' });
  });
});
