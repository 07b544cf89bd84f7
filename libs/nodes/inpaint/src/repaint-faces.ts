// Inpaint faces: the work of the node.
import type { Face, Image, Made, NodeContext, NodeRun } from '@facewright/core';
import { boxInside, faceArea, keyedSeed, madeBy, maskOfAreas, openDiffusion, regionAround, type FaceArea } from '@facewright/pipelines';
import { checkChannels } from './check-channels.ts';
import { repaintFaces } from './definition.ts';
import { err } from './errors.ts';
import { repaintAll, type Area } from './repaint-all.ts';

type Inputs = Parameters<NodeRun<typeof repaintFaces>>[0];

/** Throws INPAINT_NO_FACES, INPAINT_CHANNELS, MODELS_INPUT, and what opening the model and reading a picture throw. */
export const run: NodeRun<typeof repaintFaces> = async (inputs, ctx) => {
  const { images: pictures } = inputs.faces;
  const model = await openDiffusion(inputs.model, ctx, { batch: inputs.guidance === 1 ? inputs.batch : 2 * inputs.batch });
  checkChannels(inputs.model, model);
  const marked = pictures.map(({ image, faces }) => ({
    image,
    text: image.caption || inputs.prompt,
    areas: areasOf(faces, image, inputs),
  }));
  const found = marked.filter(({ areas }) => areas.length > 0);
  if (found.length === 0) throw err.NO_FACES(pictures.length);
  const passed = inputs.without === 'pass on';
  if (found.length < pictures.length)
    ctx.log(
      'info',
      `${pictures.length - found.length} of ${pictures.length} pictures have no face and are ${passed ? 'passed on' : 'left out'}`,
    );
  const wanted = passed ? marked : found;
  const painted = await repaintAll(wanted, model, inputs, ctx);
  return {
    images: painted.flatMap((image, i) => {
      const { text, areas } = wanted[i]!;
      return image ? [areas.length > 0 ? { ...image, made: madeOf(image, text, inputs, ctx) } : image] : [];
    }),
  };
};

/** All faces of a picture at once where the model sees all of it, one by one where it sees a crop. */
function areasOf(faces: readonly Face[], image: Image, { shape, margin, feather, area, padding }: Inputs): Area[] {
  const found = faces.flatMap((face) => {
    const [x1, y1, x2, y2] = face.box;
    const { bounds, contains } = faceArea(face, shape, [(x2 - x1) * margin, (y2 - y1) * margin]);
    // the pixels that it touches
    const inside = boxInside(bounds, image);
    return inside ? [{ bounds: inside, contains }] : [];
  });
  const featherOf = ({ bounds: [x1, y1, x2, y2] }: FaceArea) => feather * Math.min(x2 - x1, y2 - y1);
  const masked = (some: readonly FaceArea[]) => async () => maskOfAreas(some, image, Math.min(...some.map(featherOf)));
  if (found.length === 0) return [];
  if (area === 'picture') return [{ mask: masked(found), region: [0, 0, image.width, image.height] }];
  return found.map((face) => {
    const [x1, y1, x2, y2] = face.bounds;
    const soft = Math.ceil(2 * featherOf(face));
    return { mask: masked([face]), region: regionAround([x1 - soft, y1 - soft, x2 + soft, y2 + soft], padding, image) };
  });
}

/** For the manifest of pairs. */
function madeOf(
  { key }: Image,
  text: string,
  { model, faces: _, without: _without, previewSteps: _steps, ...told }: Inputs,
  ctx: NodeContext,
): Made {
  return madeBy(
    repaintFaces,
    { model },
    { ...told, prompt: text, noise: keyedSeed(told.seed, key), outside: 'every byte outside the mask is as in the original' },
    ctx,
  );
}
