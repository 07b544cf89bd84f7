// The head of an aesthetic predictor opened for use, on top of CLIP's features.
import type { Model, NodeContext } from '@facewright/core';
import { aestheticConfigOf, aestheticGraph, AestheticHead, checkWeights, storedWeights } from '@facewright/models';
import { buildModel } from '@facewright/onnx';
import { componentKey, componentWeights } from '../model-files.ts';
import { runRows } from '../run-rows.ts';

export interface Aesthetic {
  /** Of the features it reads. */
  readonly width: number;
  /** A number from about 1 to 10 for each vector of length 1. */
  score(features: readonly Float32Array[]): Promise<readonly number[]>;
}

/** Vectors in one run. */
const batch = 64;

/** Opens a handle of family 'aesthetic'. Throws PIPELINES_COMPONENT, MODELS_INPUT, MODELS_WEIGHTS, WEIGHTS_*. */
export async function openAesthetic(handle: Model<'aesthetic'>, ctx: NodeContext): Promise<Aesthetic> {
  const tensors = await componentWeights(handle, 'aesthetic', ctx);
  const config = aestheticConfigOf(handle.name, tensors);
  checkWeights(new AestheticHead(config), tensors, { file: handle.name });
  const weights = storedWeights(tensors);
  const width = config.sizes[0]!;
  return {
    width,
    async score(features) {
      if (features.length === 0) return [];
      const data = new Float32Array(features.length * width);
      features.forEach((row, i) => data.set(row, i * width));
      const { score } = await runRows(
        { image_embeds: { dtype: 'float32', dims: [features.length, width], data } },
        {
          batch,
          signal: ctx.signal,
          open: (n) =>
            ctx.session(`${componentKey(handle, 'aesthetic')}:${n}`, () =>
              buildModel({ ...aestheticGraph(config, { batch: n }, weights) }),
            ),
        },
      );
      return [...score!.data];
    },
  };
}
