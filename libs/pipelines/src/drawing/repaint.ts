// Parts of pictures painted anew: everything that the mask keeps stays bit for bit.
import type { Box } from '@facewright/core';
import { imagesToTensor, type ImageBuffer, type Rng, type Tensor } from '@facewright/tensor';
import type { DiffusionModel } from '../diffusion/open-diffusion.ts';
import { cropImage, resizeImage } from '../image/resize.ts';
import { drawGroup } from './draw-group.ts';
import type { SamplingSettings } from './ports.ts';
import { latentMask, paste, withoutArea, type Size } from './repaint-area.ts';

type Floats = Tensor<'float32'>;

export interface RepaintJob {
  readonly image: ImageBuffer;
  /** Of the size of the picture, one channel. */
  readonly mask: ImageBuffer;
  /** The part of the picture that the model sees, whole pixels. */
  readonly region: Box;
  /** The size at which it sees it, the same for all jobs of a group. */
  readonly work: Size;
  readonly text: string;
  readonly rng: Rng;
}

export interface RepaintGroup {
  readonly model: DiffusionModel;
  readonly settings: SamplingSettings;
  readonly jobs: readonly RepaintJob[];
  /** 1 paints from pure noise; less keeps more of what was there. */
  readonly strength: number;
  onStep(done: number, total: number, original: () => Floats): Promise<void>;
}

/** The whole pictures, in the order of the jobs. A U-Net with further input channels is given mask and picture; any other has the rest put back after every step. */
export async function repaintGroup({ model, settings, jobs, strength, onStep }: RepaintGroup): Promise<ImageBuffer[]> {
  const { width, height } = jobs[0]!.work;
  const cut = (image: ImageBuffer, [x1, y1, x2, y2]: Box, filter: 'bicubic' | 'bilinear') =>
    resizeImage(cropImage(image, x1, y1, x2, y2), width, height, filter);
  const pixels = imagesToTensor(
    jobs.map(({ image, region }) => cut(image, region, 'bicubic')),
    (byte) => byte / 127.5 - 1,
  );
  const masks = jobs.map(({ mask, region }) => cut(mask, region, 'bilinear'));
  const cells = (width / model.stride) * (height / model.stride);
  const mask = new Float32Array(jobs.length * cells);
  masks.forEach((each, row) => mask.set(latentMask(each, model.stride), row * cells));
  const seesMask = model.unet.inChannels !== model.vae.latentChannels;
  const painted = await drawGroup({
    model,
    settings,
    rows: jobs,
    size: [height / model.stride, width / model.stride],
    strength,
    over: {
      clean: await model.encodePixels(pixels),
      mask,
      ...(seesMask && { masked: await model.encodePixels({ ...pixels, data: withoutArea(pixels, masks) }) }),
    },
    onStep,
  });
  return jobs.map(({ image, mask: whole, region }, i) => {
    const [x1, y1, x2, y2] = region;
    return paste(image, resizeImage(painted[i]!, x2 - x1, y2 - y1, 'bicubic'), whole, region);
  });
}
