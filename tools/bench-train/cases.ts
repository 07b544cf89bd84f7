// What is measured: steps of the trainers at full size.
import { BlipReward, imageRewardConfig, parseBlipRewardConfig } from '@facewright/models';
import { frozenParameters } from '@facewright/node-face-score-trainer/core';

/** One LoRA step of Stable Diffusion 1.5 at a picture size, or one step of FaceScore's training. */
export type Case =
  | { readonly kind: 'lora'; readonly name: string; readonly size: number; readonly method: 'plain' | 'guidance' }
  | { readonly kind: 'score'; readonly name: string; readonly pairs: number; readonly freeze: number };

export const cases: readonly Case[] = [
  { kind: 'lora', name: 'lora-256', size: 256, method: 'plain' },
  { kind: 'lora', name: 'lora-512', size: 512, method: 'plain' },
  { kind: 'lora', name: 'guidance-256', size: 256, method: 'guidance' },
  { kind: 'score', name: 'score', pairs: 4, freeze: 0.7 },
];

export const titleOf = (what: Case): string =>
  what.kind === 'score'
    ? `FaceScore, ranking loss of ${what.pairs} pairs of 224 × 224 pixels, ${what.freeze} of the layers frozen`
    : `Stable Diffusion 1.5, LoRA, ${what.method === 'plain' ? 'plain fine-tuning' : 'guidance loss'}, ${what.size} × ${what.size} pixels, batch 1`;

/** Settings of the optimiser and the adapters, the same on both sides. */
export const training = { rank: 8, learningRate: 1e-4, weightDecay: 0.01, maxGradientNorm: 1, timestep: 500 } as const;

/** Tokens of a prompt: those of CLIP's text encoder, and those of the words FaceScore reads. */
export const tokens = { lora: 77, score: 35 } as const;

export const scoreConfig = parseBlipRewardConfig(imageRewardConfig);
/** Names of the parameters that a score step trains. */
export function trainedOfScore(freeze: number): Set<string> {
  const frozen = frozenParameters(scoreConfig, freeze);
  return new Set([...new BlipReward(scoreConfig).parameters()].map(([name]) => name).filter((name) => !frozen.has(name)));
}

/** Numbers in [-1, 1) that torch_train.py makes alike: murmur3's finaliser over the name and the index, as in the reference scripts. */
export function hashed(name: string, count: number): Float32Array<ArrayBuffer> {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  return Float32Array.from({ length: count }, (_, index) => {
    let x = (seed + Math.imul(index, 0x9e3779b9)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 31 - 1;
  });
}
