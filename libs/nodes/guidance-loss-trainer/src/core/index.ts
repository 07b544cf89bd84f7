// The core of every trainer of diffusion models, for tools that measure it.
export { trainedWeights, type TrainedWeights } from './trained-weights.ts';
export { openTrainee, type Trainee } from './trainee.ts';
export { stepGraph, type Method } from './step-graph.ts';
export type { TrainingSettings } from '../ports.ts';
