// Progress of a node that draws groups of pictures: steps done, and what the model now sees.
import type { NodeContext } from '@facewright/core';
import type { ImageBuffer, Tensor } from '@facewright/tensor';
import type { DiffusionModel } from '../diffusion/open-diffusion.ts';
import { createPreview } from '../diffusion/preview.ts';
import { contactSheet } from '../image/contact-sheet.ts';

type Floats = Tensor<'float32'>;

/** Pictures of one preview. */
const [shownInSteps, shownFinished] = [4, 16];
/** Nobody sees more than a few pictures a second, and each takes time from drawing. */
const previewMs = 400;
/** Pixels along a side of a preview at least. */
const sheetSide = 256;
const sheet = (pictures: readonly ImageBuffer[]) =>
  contactSheet(pictures, { cell: Math.max(96, Math.floor(sheetSide / Math.ceil(Math.sqrt(pictures.length)))) });

export interface Watch {
  /** For a group of `count` pictures. Waits while the run is paused, throws when it is cancelled. */
  onStep(count: number): (done: number, total: number, original: () => Floats) => Promise<void>;
  /** A group is finished. */
  finished(pictures: readonly ImageBuffer[]): void;
}

/** `pictures` in all, of which `before` are drawn already; a live picture comes every `previewSteps` steps, 0 for none. */
export function watchDrawing(model: DiffusionModel, pictures: number, previewSteps: number, ctx: NodeContext, before = 0): Watch {
  const preview = createPreview(model);
  // Work is counted in thousandths of a picture, so that walks of different length add up.
  const whole = 1000;
  let finished = before;
  let last = -Infinity;
  return {
    onStep: (count) => async (done, total, original) => {
      await ctx.gate();
      const show = previewSteps > 0 && done % previewSteps === 0 && performance.now() - last >= previewMs;
      if (show) last = performance.now();
      ctx.progress(
        finished * whole + Math.round((done / total) * whole * count),
        pictures * whole,
        show ? sheet(await preview(original(), shownInSteps)) : undefined,
      );
    },
    finished(group) {
      finished += group.length;
      ctx.progress(finished * whole, pictures * whole, sheet(group.slice(0, shownFinished)));
    },
  };
}
