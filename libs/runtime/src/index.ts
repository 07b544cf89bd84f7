// Runs ONNX graphs on onnxruntime: providers, sessions with state, weights in place, and a null runtime for structure tests.
export { chooseProvider, SWIFTSHADER, type ChosenProvider, type ProviderChoice, type ProviderName } from './choose-provider.ts';
export { err } from './errors.ts';
export { takePeakMemory } from './measure-memory.ts';
export { parseMemory, sizeText, type MemoryChoice } from './memory-budget.ts';
export { createRuntime, type Runtime, type RuntimeOptions } from './runtime.ts';
