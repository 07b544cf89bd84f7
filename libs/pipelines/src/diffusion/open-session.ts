// Sessions of a model, named by component and shape.
import type { Model, NodeContext } from '@facewright/core';
import { buildModel, type Value } from '@facewright/onnx';
import type { Session } from '@facewright/tensor';
import { componentKey } from '../model-files.ts';

/** `what` names everything but the model that the graph depends on: its variant and its shapes. */
export const sessionOf = (
  handle: Model,
  component: string,
  what: string,
  ctx: NodeContext,
  build: () => Readonly<Record<string, Value>>,
): Promise<Session> =>
  ctx.session(`${componentKey(handle, component)}:${what}`, () =>
    // What is in memory (LoRAs) stays inside the graph, so that the checkpoint is read in place wherever it lies.
    buildModel(build(), { inline: true }),
  );
