// The frozen autoencoder of the model in training, as a part of the step graph.
import type { NodeContext } from '@facewright/core';
import { pictureDecoder, storedWeights } from '@facewright/models';
import type { Value } from '@facewright/onnx';
import { componentWeights } from '@facewright/pipelines';
import type { Trainee } from './trainee.ts';

/** Latents [n, c, h, w] as the U-Net sees them to RGB in [0, 1]. Names of its weights in the graph begin with `vae.`. */
export async function openDecoder({ handle, diffusion }: Trainee, ctx: NodeContext): Promise<(latents: Value) => Value> {
  const weights = await componentWeights(handle, 'vae', ctx);
  return pictureDecoder(diffusion.vae, storedWeights(weights, { rename: (name) => `vae.${name}` }));
}
