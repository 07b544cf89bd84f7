// The models folder: what is in it, what a file is, and how a model gets there.
export * from './catalogue.ts';
export { err as modelLibraryErrors } from './errors.ts';
export * from './folders.ts';
export * from './inspect-model.ts';
export * from './list-models.ts';
export type { LoraFacts } from './lora-facts.ts';
export type { ModelPart } from './parts.ts';
export * from './pull-model.ts';
export * from './sha256.ts';
