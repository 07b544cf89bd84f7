// Inpaint: the work of the node.
import type { Box, Image, NodeContext, NodeRun } from '@facewright/core';
import {
  contactSheet,
  denoise,
  firstRows,
  keyedSeed,
  openDiffusion,
  resizeImage,
  samplerFrom,
  type DiffusionModel,
} from '@facewright/pipelines';
import type { ImageBuffer, Tensor } from '@facewright/tensor';
import type { definition } from './definition.ts';
import { err } from './errors.ts';
import { latentMask, repaintBoxes, workSize, type Size } from './repaint-area.ts';

type Inputs = Parameters<NodeRun<typeof definition>>[0];
type Floats = Tensor<'float32'>;

interface Job {
  readonly index: number;
  readonly image: Image;
  readonly boxes: readonly Box[];
  readonly work: Size;
}

/** Throws INPAINT_NO_FACES, INPAINT_CHANNELS, and what opening the model throws. */
export const run: NodeRun<typeof definition> = async (inputs, ctx) => {
  const {
    faces: { images: pictures },
    guidance,
    margin,
    longestSide,
    batch,
  } = inputs;
  const model = await openDiffusion(inputs.model, ctx, { batch: guidance === 1 ? batch : 2 * batch });
  const { inChannels } = model.unet;
  const plain = model.vae.latentChannels;
  if (inChannels !== plain && inChannels !== 2 * plain + 1) throw err.CHANNELS(inputs.model.name, [plain, 2 * plain + 1], inChannels);
  const jobs = pictures.flatMap(({ image, faces }, index): Job[] => {
    const boxes = repaintBoxes(
      faces.map(({ box }) => box),
      margin,
      image,
    );
    return boxes.length > 0 ? [{ index, image, boxes, work: workSize(image, longestSide, model.multiple) }] : [];
  });
  if (jobs.length === 0) throw err.NO_FACES(pictures.length);
  if (jobs.length < pictures.length)
    ctx.log('info', `${pictures.length - jobs.length} of ${pictures.length} pictures have no face and are left out`);

  const unconditional = await model.encodeText([inputs.negativePrompt]);
  const done: { readonly index: number; readonly image: Image }[] = [];
  for (const group of groupsOf(jobs, batch)) {
    const repainted = await repaint(group, { model, inputs, unconditional, ctx, before: done.length, total: jobs.length });
    for (const [i, { index, image }] of group.entries())
      done.push({ index, image: await ctx.images.write(repainted[i]!, { key: image.key, caption: image.caption }) });
    ctx.progress(done.length * inputs.steps, jobs.length * inputs.steps, contactSheet(repainted.slice(0, 16)));
  }
  return { images: done.sort((a, b) => a.index - b.index).map(({ image }) => image) };
};

/** Groups of one work size, at most `most` in each and as equal as can be. */
function groupsOf(jobs: readonly Job[], most: number): Job[][] {
  const bySize = Map.groupBy(jobs, ({ work }) => `${work.width}x${work.height}`);
  return [...bySize.values()].flatMap((same) => {
    const size = Math.ceil(same.length / Math.ceil(same.length / most));
    return Array.from({ length: Math.ceil(same.length / size) }, (_, i) => same.slice(i * size, (i + 1) * size));
  });
}

interface Setting {
  readonly model: DiffusionModel;
  readonly inputs: Inputs;
  readonly unconditional: Floats;
  readonly ctx: NodeContext;
  readonly before: number;
  readonly total: number;
}

/** The pictures of one group with their boxes repainted, at their own size. */
async function repaint(group: readonly Job[], { model, inputs, unconditional, ctx, before, total }: Setting): Promise<ImageBuffer[]> {
  const {
    stride,
    vae: { latentChannels: channels },
  } = model;
  const { width, height } = group[0]!.work;
  const plane = (width / stride) * (height / stride);
  const originals = await Promise.all(group.map(({ image }) => ctx.images.read(image)));
  const sized = originals.map((image) => resizeImage(image, width, height, 'bicubic'));
  const masks = group.map(({ boxes, image, work }) => latentMask(boxes, image, work, stride));
  const mask = concatenate(masks);
  const clean = await model.encodeImages(sized);
  const noise = concatenate(group.map(({ image }) => ctx.rng(keyedSeed(inputs.seed, image.key)).normal(channels * plane)));
  const { sampler, first } = samplerFrom(inputs.scheduler, model, inputs.steps, inputs.start);
  const fromNoise = inputs.start >= model.schedule.alphasCumprod.length;
  const latents = await denoise({
    model,
    sampler,
    first,
    unconditional,
    guidance: inputs.guidance,
    text: await model.encodeText(group.map(({ image }) => image.caption || inputs.prompt)),
    latents: { ...clean, data: fromNoise ? noise.map((x) => x * sampler.initialScale) : sampler.addNoise(clean.data, noise, first) },
    ...(model.unet.inChannels === channels
      ? { known: { clean: clean.data, noise, mask } }
      : {
          conditions: conditionsOf(masks, await model.encodeImages(sized.map((image, i) => withoutArea(image, masks[i]!, stride))), plane),
        }),
    onStep: async (step, steps, original) => {
      const show = step === Math.floor(steps / 2);
      const steady = inputs.steps / steps;
      ctx.progress(
        Math.round(before * inputs.steps + step * steady * group.length),
        total * inputs.steps,
        show ? contactSheet(await model.decodeLatents(firstRows(original(), 4))) : undefined,
      );
    },
  });
  const painted = await model.decodeLatents(latents);
  return originals.map((original, i) =>
    pasted(original, resizeImage(painted[i]!, original.width, original.height, 'bicubic'), group[i]!.boxes),
  );
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Mask, then masked latents, in the order in which inpainting U-Nets were trained: [n, 1 + channels, h, w]. */
function conditionsOf(masks: readonly Float32Array[], masked: Floats, plane: number): Floats {
  const [rows = 0, channels = 0, ...rest] = masked.dims;
  const size = channels * plane;
  return {
    dtype: 'float32',
    dims: [rows, 1 + channels, ...rest],
    data: concatenate(masks.flatMap((mask, i) => [mask, masked.data.subarray(i * size, (i + 1) * size)])),
  };
}

/** The picture with grey (0 in [-1, 1]) where it is repainted. */
function withoutArea(image: ImageBuffer, mask: Float32Array, stride: number): ImageBuffer {
  const columns = image.width / stride;
  const data = image.data.map((byte, i) => {
    const pixel = Math.floor(i / 3);
    const cell = Math.floor(Math.floor(pixel / image.width) / stride) * columns + Math.floor((pixel % image.width) / stride);
    return mask[cell] ? 128 : byte;
  });
  return { ...image, data };
}

/** The original with the boxes taken from the repainted picture of the same size: going through the autoencoder changes pixels that nobody repainted. */
function pasted(original: ImageBuffer, painted: ImageBuffer, boxes: readonly Box[]): ImageBuffer {
  const data = Uint8Array.from(original.data);
  for (const [x1, y1, x2, y2] of boxes)
    for (let y = y1; y < y2; y++) {
      const [from, to] = [(y * original.width + x1) * 3, (y * original.width + x2) * 3];
      data.set(painted.data.subarray(from, to), from);
    }
  return { ...original, data };
}
