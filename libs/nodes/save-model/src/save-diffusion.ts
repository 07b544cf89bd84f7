// Save diffusion model: the work of the node.
import type { Model, NodeContext, NodeRun } from '@facewright/core';
import { identifyTensors, singleFilePlaces } from '@facewright/models';
import type { Json, SingleFilePart, SingleFilePlace } from '@facewright/models';
import { checkOwnWeights, componentOf, readLoras, safePath } from '@facewright/pipelines';
import { shapeOf, type Lora, type WrittenTensor } from '@facewright/weights';
import type { saveDiffusion } from './definition.ts';
import { inPrecision, reshaped, rowsJoined, transposed, type FilePrecision } from './in-precision.ts';
import { mergedWeights } from './merged-weights.ts';
import { inFolder, writeJson, writeTensors } from './write-tensors.ts';

/** Throws PIPELINES_EXPORTED for a model of ONNX files, PIPELINES_COMPONENT, WEIGHTS_* for a damaged source, and what the disk says. */
export const run: NodeRun<typeof saveDiffusion> = async ({ model, name, format, precision }, ctx) => {
  checkOwnWeights(model, 'a saved model');
  const loras = await readLoras(model, ctx);
  const path = safePath(name);
  if (format === 'checkpoint') await writeTensors(`${path || 'model'}.safetensors`, await checkpoint(model, loras, precision, ctx), ctx);
  else {
    const folder = inFolder(path, 'unet');
    const unet = await mergedWeights(model, 'unet', loras, ctx);
    const tensors = new Map([...unet].map(([key, tensor]) => [key, inPrecision(key, tensor, precision)]));
    await writeTensors(`${folder}/diffusion_pytorch_model.safetensors`, tensors, ctx);
    await writeJson(`${folder}/config.json`, componentOf(model, 'unet').config, ctx);
  }
  return { model };
};

const parts: readonly SingleFilePart[] = ['unet', 'vae', 'text_encoder', 'text_encoder_2'];

/** Tensors of a single file, and empty ones by which others know what the U-Net predicts. */
async function checkpoint(
  model: Model<'diffusion'>,
  loras: readonly Lora[],
  precision: FilePrecision,
  ctx: NodeContext,
): Promise<Map<string, WrittenTensor>> {
  const own = parts.filter((part) => part in model.components);
  const configs: Partial<Record<SingleFilePart, Json>> = {};
  const weights = new Map<SingleFilePart, ReadonlyMap<string, WrittenTensor>>();
  for (const part of own) {
    configs[part] = componentOf(model, part).config;
    weights.set(part, await mergedWeights(model, part, loras, ctx));
  }
  const tensors = new Map(
    singleFilePlaces(configs).map((place) => [place.name, inPrecision(place.name, placed(place, weights.get(place.part)!), precision)]),
  );
  const { prediction_type: predicts, rescale_betas_zero_snr: zeroSignal } = componentOf(model, 'scheduler').config;
  const mark = (name: string) => tensors.set(name, { dtype: 'float32', dims: [0], data: new Float32Array() });
  if (predicts === 'v_prediction') mark('v_pred');
  if (zeroSignal === true) mark('ztsnr');
  const { kind, title, why } = identifyTensors(new Map([...tensors].map(([name, tensor]) => [name, { shape: shapeOf(tensor) }])));
  if (kind === 'unknown')
    ctx.log(
      'warn',
      `the checkpoint will not be known again, for programs go by its sizes: ${title} (${why}); a diffusers U-Net keeps them`,
    );
  return tensors;
}

function placed(
  { name, shape, parameters, transposed: turned }: SingleFilePlace,
  weights: ReadonlyMap<string, WrittenTensor>,
): WrittenTensor {
  const found = parameters.map((parameter) => weights.get(parameter)!);
  if (found.length > 1) return rowsJoined(name, found, shape);
  return turned ? transposed(name, found[0]!, shape.toReversed()) : reshaped(found[0]!, shape);
}
