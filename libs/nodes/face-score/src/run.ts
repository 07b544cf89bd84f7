// Face score: the work of the node.
import type { Box, Face, Image, NodeRun, Scores } from '@facewright/core';
import { cropFace, openFaceScore } from '@facewright/pipelines';
import type { ImageBuffer } from '@facewright/tensor';
import type { definition } from './definition.ts';
import { err } from './errors.ts';

type Row = Scores['rows'][number];

/** What is scored together: pictures are read in groups, so that neither all of them are in memory nor each crop runs alone. */
const picturesTogether = 16;

interface Part {
  readonly image: Image;
  readonly face: number | null;
  readonly box: Box | null;
  /** Null for a box without a pixel of the picture. */
  readonly crop: ImageBuffer | null;
}

/** Throws FACE_SCORE_NOTHING, FACE_SCORE_BOTH, and what opening the model throws. */
export const run: NodeRun<typeof definition> = async ({ model, faces, images, prompt, per }, ctx) => {
  if (faces && images) throw err.BOTH();
  const pictures: readonly { readonly image: Image; readonly faces: readonly Face[] | null }[] | undefined =
    faces?.images ?? images?.map((image) => ({ image, faces: null }));
  if (!pictures) throw err.NOTHING();
  const scorer = await openFaceScore(model, ctx);
  const rows: Row[] = [];
  for (let first = 0; first < pictures.length; first += picturesTogether) {
    ctx.signal.throwIfAborted();
    const group = pictures.slice(first, first + picturesTogether);
    const parts = await Promise.all(group.map(async ({ image, faces: found }) => partsOf(image, found, await ctx.images.read(image))));
    const crops = parts.flat().filter((part): part is Part & { readonly crop: ImageBuffer } => part.crop !== null);
    const scores = new Map<Part, number>();
    for (const [text, together] of Map.groupBy(crops, ({ image }) => prompt || image.caption)) {
      const values = await scorer.score(
        together.map(({ crop }) => crop),
        text,
      );
      together.forEach((part, i) => scores.set(part, values[i]!));
    }
    group.forEach(({ image }, i) =>
      rows.push(...(per === 'face' ? faceRows(image, parts[i]!, scores) : [pictureRow(image, parts[i]!, scores)])),
    );
    ctx.progress(Math.min(first + picturesTogether, pictures.length), pictures.length, crops.at(-1)?.crop);
  }
  return { scores: { metric: `Face score (${model.name})`, higherIsBetter: true, rows }, summary: summaryOf(rows) };
};

const partsOf = (image: Image, faces: readonly Face[] | null, pixels: ImageBuffer): Part[] =>
  faces === null
    ? [{ image, face: null, box: null, crop: pixels }]
    : faces.map(({ box }, face) => ({ image, face, box, crop: cropFace(pixels, box) }));

const noFace = 'no face found';

function faceRows(image: Image, parts: readonly Part[], scores: ReadonlyMap<Part, number>): Row[] {
  if (parts.length === 0) return [{ image, face: null, box: null, score: null, note: noFace }];
  return parts.map((part) => {
    const score = scores.get(part) ?? null;
    return { image, face: part.face, box: part.box, score, ...(score === null && { note: 'the box lies outside the picture' }) };
  });
}

function pictureRow(image: Image, parts: readonly Part[], scores: ReadonlyMap<Part, number>): Row {
  const values = parts.flatMap((part) => scores.get(part) ?? []);
  if (values.length === 0) return { image, face: null, box: null, score: null, note: noFace };
  const score = values.reduce((a, b) => a + b, 0) / values.length;
  return { image, face: null, box: null, score, ...(values.length > 1 && { note: `mean of ${values.length} faces` }) };
}

function summaryOf(rows: readonly Row[]): string {
  const values = rows.flatMap(({ score }) => score ?? []);
  const mean =
    values.length > 0
      ? `mean ${(values.reduce((a, b) => a + b, 0) / values.length).toFixed(4)} over ${values.length}`
      : 'nothing was scored';
  const without = new Set(rows.filter(({ score }) => score === null).map(({ image }) => image.key)).size;
  return without > 0 ? `${mean}; ${without} picture(s) not scored` : mean;
}
