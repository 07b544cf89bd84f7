// Face detect: the work of the node.
import type { Face, Image, NodeRun } from '@facewright/core';
import { drawFaces, madeBy, openDetector, openLedger } from '@facewright/pipelines';
import { listed } from '@facewright/tensor';
import { definition } from './definition.ts';

interface Found {
  readonly faces: Face[];
  readonly overlay: Image;
}
/** Looking at a picture takes a fraction of a second, and all that was found is saved together. */
const secondsBetweenSaves = 5;

/** Throws what opening the detector and reading a picture throw. */
export const run: NodeRun<typeof definition> = async ({ model, images, smallestFace, ...options }, ctx) => {
  const detector = await openDetector(model, ctx);
  const ledger = await openLedger<Found>(ctx, secondsBetweenSaves);
  const found: Found[] = [];
  for (const [index, image] of images.entries()) {
    const before = ledger.finished.get(String(index));
    if (before) {
      found.push(before);
      continue;
    }
    await ledger.pass();
    const pixels = await ctx.images.read(image);
    const faces = (await detector.detect(pixels, options)).filter(
      ({ box: [x1, y1, x2, y2] }) => Math.min(x2 - x1, y2 - y1) >= smallestFace,
    );
    const overlay = drawFaces(pixels, faces);
    found.push({ faces, overlay: await ctx.images.write(overlay, { key: image.key, caption: image.caption }) });
    ledger.add(String(index), found.at(-1)!);
    ctx.progress(found.length, images.length, overlay);
  }
  const without = images.filter((_, i) => found[i]!.faces.length === 0);
  if (without.length > 0)
    ctx.log(
      'warn',
      `no face of confidence ${options.threshold} in ${without.length} of ${images.length} pictures: ${listed(
        without.map(({ key }) => key),
        8,
      )}`,
    );
  return {
    faces: {
      images: images.map((image, i) => ({ image, faces: found[i]!.faces })),
      made: madeBy(definition, { model }, { ...options, smallestFace, network: detector.name }, ctx),
    },
    overlays: found.map(({ overlay }) => overlay),
  };
};
