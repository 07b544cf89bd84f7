// Training: losses as graphs, learning rates, low-rank factors, weight averages and the loop around a train step.
export { err as trainErrors } from './errors.ts';
export * from './average-decay.ts';
export * from './bytes-to-keep.ts';
export * from './learning-rate.ts';
export * from './lora.ts';
export * from './losses/autoencoder-loss.ts';
export * from './losses/detector-loss.ts';
export * from './losses/diffusion-loss.ts';
export * from './losses/distillation-loss.ts';
export * from './losses/dream-booth-loss.ts';
export * from './losses/guidance-loss.ts';
export * from './losses/noising.ts';
export * from './losses/per-sample.ts';
export * from './losses/preference-loss.ts';
export * from './losses/ranking-loss.ts';
export * from './losses/reward-loss.ts';
export * from './shuffled-rows.ts';
export * from './train-loop.ts';
