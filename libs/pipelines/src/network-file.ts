// Networks that come as ONNX files, run as they are.
import type { Model, NodeContext } from '@facewright/core';
import { readModel } from '@facewright/onnx';
import { CodedError, type RunnableModel, type Session } from '@facewright/tensor';
import { dirname, join } from 'node:path';
import { componentKey, componentOf } from './model-files.ts';
import { err } from './errors.ts';

export interface NetworkFile extends Pick<RunnableModel, 'inputs' | 'outputs'> {
  readonly session: Session;
}

/** Opens the ONNX file of a component. Throws PIPELINES_COMPONENT when there is none, ONNX_MALFORMED with the path for a file of another kind. */
export async function openNetworkFile(handle: Model, component: string, ctx: NodeContext): Promise<NetworkFile> {
  const { weights } = componentOf(handle, component);
  if (!weights) throw err.COMPONENT(handle.name, component, ['one without a file']);
  const path = await ctx.assets.file(weights);
  const model = readNamed(await ctx.files.read(path), path);
  return { session: await ctx.session(componentKey(handle, component), () => model), inputs: model.inputs, outputs: model.outputs };
}

/** A reader of bytes does not know where they come from; whoever chose a wrong file has to. */
function readNamed(bytes: Uint8Array, path: string): RunnableModel {
  try {
    return readModel(bytes, (location) => join(dirname(path), location));
  } catch (error) {
    throw error instanceof CodedError ? error.at(path) : error;
  }
}
