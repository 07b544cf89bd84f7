// Scores of pictures or of their faces as one table: read in groups, cropped, scored together.
import type { Box, Face, Faces, Image, NodeContext, Scores } from '@facewright/core';
import type { ImageBuffer } from '@facewright/tensor';
import { cropFace } from '../image/boxes.ts';
import { err } from './errors.ts';

type Row = Scores['rows'][number];

/** What is scored together: pictures are read in groups, so that neither all of them are in memory nor each crop runs alone. */
const picturesTogether = 16;

export interface PictureToScore {
  readonly image: Image;
  /** Null to score the picture as a whole. */
  readonly faces: readonly Face[] | null;
}

/** The pictures that two optional inputs ask for. Throws SCORES_NOTHING, SCORES_BOTH. */
export function picturesToScore(faces: Faces | undefined, images: readonly Image[] | undefined): readonly PictureToScore[] {
  if (faces && images) throw err.BOTH();
  const pictures = faces?.images ?? images?.map((image) => ({ image, faces: null }));
  if (!pictures) throw err.NOTHING();
  return pictures;
}

export interface PictureScorer {
  readonly metric: string;
  /** One number for each crop, higher is better, for what its text says it shows. */
  score(crops: readonly ImageBuffer[], texts: readonly string[]): Promise<readonly number[]>;
  /** What of a picture is scored for a face, or why nothing is. Default: FaceScore's crop. */
  readonly crop?: (picture: ImageBuffer, face: Face) => ImageBuffer | string;
}

export interface ScoreOptions {
  /** What the pictures are said to show; empty: the caption of each. */
  readonly prompt: string;
  /** One row for each face, or one for each picture with the mean of its faces. */
  readonly per: 'face' | 'picture';
}

interface Part {
  readonly image: Image;
  readonly face: number | null;
  readonly box: Box | null;
  /** A text says why there is none. */
  readonly crop: ImageBuffer | string;
}

/** A table with a row for each picture or face, in order; what could not be scored has null and says why. */
export async function scorePictures(
  pictures: readonly PictureToScore[],
  scorer: PictureScorer,
  options: ScoreOptions,
  ctx: NodeContext,
): Promise<{ readonly scores: Scores; readonly summary: string }> {
  const rows: Row[] = [];
  for (let first = 0; first < pictures.length; first += picturesTogether) {
    await ctx.gate();
    const group = await Promise.all(
      pictures
        .slice(first, first + picturesTogether)
        .map(async (picture) => ({ ...picture, pixels: await ctx.images.read(picture.image) })),
    );
    rows.push(...(await scoreGroup(group, scorer, options)));
    ctx.progress(first + group.length, pictures.length, group.at(-1)?.pixels);
  }
  return { scores: { metric: scorer.metric, higherIsBetter: true, rows }, summary: summaryOf(rows) };
}

/** The rows of pictures that are in memory, in order. */
export async function scoreGroup(
  group: readonly (PictureToScore & { readonly pixels: ImageBuffer })[],
  { score, crop = croppedFace }: Pick<PictureScorer, 'score' | 'crop'>,
  { prompt, per }: ScoreOptions,
): Promise<Row[]> {
  const parts = group.map((picture) => partsOf(picture, picture.pixels, crop));
  const crops = parts.flat().filter((part): part is Part & { readonly crop: ImageBuffer } => typeof part.crop !== 'string');
  const values = await score(
    crops.map((part) => part.crop),
    crops.map(({ image }) => prompt || image.caption),
  );
  const found = new Map<Part, number>(crops.map((part, i) => [part, values[i]!]));
  return group.flatMap(({ image }, i) => (per === 'face' ? faceRows(image, parts[i]!, found) : [pictureRow(image, parts[i]!, found)]));
}

const croppedFace = (picture: ImageBuffer, { box }: Face): ImageBuffer | string =>
  cropFace(picture, box) ?? 'the box lies outside the picture';

const partsOf = ({ image, faces }: PictureToScore, pixels: ImageBuffer, crop: NonNullable<PictureScorer['crop']>): Part[] =>
  faces === null
    ? [{ image, face: null, box: null, crop: pixels }]
    : faces.map((found, face) => ({ image, face, box: found.box, crop: crop(pixels, found) }));

const noFace = 'no face found';

function faceRows(image: Image, parts: readonly Part[], found: ReadonlyMap<Part, number>): Row[] {
  if (parts.length === 0) return [{ image, face: null, box: null, score: null, note: noFace }];
  return parts.map((part) => ({
    image,
    face: part.face,
    box: part.box,
    score: found.get(part) ?? null,
    ...(typeof part.crop === 'string' && { note: part.crop }),
  }));
}

function pictureRow(image: Image, parts: readonly Part[], found: ReadonlyMap<Part, number>): Row {
  const values = parts.flatMap((part) => found.get(part) ?? []);
  if (values.length === 0) {
    const why = parts.find(({ crop }) => typeof crop === 'string')?.crop;
    return { image, face: null, box: null, score: null, note: typeof why === 'string' ? why : noFace };
  }
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
