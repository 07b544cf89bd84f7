// Coded errors of the runtime: models that do not open, feeds that do not fit, providers that are not there.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('RUNTIME', {
  FEEDS: (problems: readonly string[]) => problems.join('; '),
  STATE: (problems: readonly string[]) => problems.join('; '),
  OPEN: (subject: string, got: string) => `model (${subject}): expected a graph that onnxruntime opens, got: ${got}`,
  RUN: (provider: string, got: string) => `run on ${provider}: expected outputs, got: ${got}`,
  RELEASED: (what: string) => `${what}: expected an open session, got one that was released`,
  WEIGHTS: (path: string, got: string) => `weights ${path}: expected a readable file, got: ${got}`,
  NO_WEBGPU: (got: string) =>
    `provider webgpu: expected a GPU adapter, got none (${got}). Install the GPU's Vulkan driver, or Debian's chromium for the software driver SwiftShader, or use the provider cpu`,
  MEMORY: (model: string, need: string, budget: string) =>
    `model ${model}: expected to fit in ${budget} of memory, got a need of ${need}. Close other programs, take smaller pictures or a half-precision model, or raise --memory`,
  MEMORY_SIZE: (got: string) => `memory: expected a size such as 6GB or 800MB, or auto, got ${JSON.stringify(got)}`,
  PROVIDER: (got: string) => `provider: expected auto, cpu, webgpu or null, got ${got}`,
});
