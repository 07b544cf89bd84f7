// Inpaint faces: the work of the node.
import type { Box, Image, NodeRun } from '@facewright/core';
import { boxInside, growBox, maskOfBoxes, openDiffusion, regionAround } from '@facewright/pipelines';
import { checkChannels } from './check-channels.ts';
import type { repaintFaces } from './definition.ts';
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
    areas: areasOf(
      faces.map(({ box }) => box),
      image,
      inputs,
    ),
  }));
  const found = marked.filter(({ areas }) => areas.length > 0);
  if (found.length === 0) throw err.NO_FACES(pictures.length);
  const passed = inputs.without === 'pass on';
  if (found.length < pictures.length)
    ctx.log(
      'info',
      `${pictures.length - found.length} of ${pictures.length} pictures have no face and are ${passed ? 'passed on' : 'left out'}`,
    );
  return { images: await repaintAll(passed ? marked : found, model, inputs, ctx) };
};

/** All boxes of a picture at once where the model sees all of it, one by one where it sees a crop. */
function areasOf(boxes: readonly Box[], image: Image, { margin, feather, area, padding }: Inputs): Area[] {
  const grown = boxes.map((box) => boxInside(growBox(box, margin), image)).filter((box) => box !== null);
  const featherOf = ([x1, y1, x2, y2]: Box) => feather * Math.min(x2 - x1, y2 - y1);
  const masked = (some: readonly Box[]) => async () => maskOfBoxes(some, image, Math.min(...some.map(featherOf)));
  if (grown.length === 0) return [];
  if (area === 'picture') return [{ mask: masked(grown), region: [0, 0, image.width, image.height] }];
  return grown.map((box) => {
    const [x1, y1, x2, y2] = box;
    const soft = Math.ceil(2 * featherOf(box));
    return { mask: masked([box]), region: regionAround([x1 - soft, y1 - soft, x2 + soft, y2 + soft], padding, image) };
  });
}
