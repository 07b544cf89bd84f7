// Coded errors of opened models.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('PIPELINES', {
  EXPORTED: (model: string, what: string, parts: readonly string[]) =>
    `${model}: expected a model whose weights are at hand, as ${what} needs, got finished ONNX graphs (${parts.join(', ')})`,
  NOT_FINITE: (model: string, where: string, got: string) => `${model}: expected finite numbers from ${where}, got ${got}`,
  COMPONENT: (model: string, component: string, got: readonly string[]) =>
    `model ${model}: expected a component ${component} with weights, got ${got.join(', ') || 'none'}`,
  FILE: (model: string, file: string, got: readonly string[]) => `model ${model}: expected a file ${file}, got ${got.join(', ') || 'none'}`,
  DETECTOR: (model: string, outputs: string) => `detector ${model}: expected the outputs of YuNet, RetinaFace or SCRFD, got ${outputs}`,
  NETWORK: (model: string, want: string, got: string) => `network ${model}: expected ${want}, got ${got}`,
  VOCABULARY: (where: string, want: number, got: number) => `${where}: expected CLIP's vocabulary of ${want} pieces, got ${got}`,
  EMBEDDING: (name: string, width: number, got: readonly string[]) =>
    `textual inversion ${name}: expected vectors of width ${width}, as the text encoder of the model reads, got ${got.join(', ')}`,
  CLIP_SKIP: (model: string, most: number, got: number) =>
    `clipSkip: expected at most ${most}, as the text encoder of ${model} has so many layers to choose from, got ${got}`,
  NO_FLOAT16: (provider: string, why: string) => `precision: expected auto or float32 on ${provider}, got float16, where ${why}`,
  OTHER_CHECKPOINT: (what: string) => `checkpoint: expected one of this training, got one with another ${what}`,
  SIZE: (subject: string, want: string, got: string) => `${subject}: expected ${want}, got ${got}`,
});
