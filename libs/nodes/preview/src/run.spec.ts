import { createFakeContext } from '@facewright/testing';
import { expect, it } from 'vitest';
import { run } from './run.ts';

it('passes on the first pictures, up to the limit, and those only', async () => {
  const ctx = createFakeContext();
  const images = await Promise.all(
    ['a', 'b', 'c'].map((key, i) =>
      ctx.images.write({ width: 2, height: 1, channels: 3, data: new Uint8Array(6).fill(i * 90) }, { key, caption: '' }),
    ),
  );
  expect((await run({ images, limit: 2 }, ctx)).images.map((image) => image.key)).toEqual(['a', 'b']);
});
