// Ports that every node that draws has, safe in a browser.
import { port } from '@facewright/core';
import { samplerKinds } from '@facewright/models';

/** How pictures are drawn, what artists change most first. `steps` and `guidance` are defaults. */
export const samplingPorts = ({ steps, guidance }: { readonly steps: number; readonly guidance: number }) => ({
  negativePrompt: port.text({ default: '', multiline: true, help: 'What guidance leads away from; may stay empty.' }),
  steps: port.integer({ min: 1, max: 1000, default: steps, help: 'Denoising steps of the whole schedule.' }),
  guidance: port.number({
    min: 0,
    max: 50,
    default: guidance,
    help: 'How strongly the prompt leads (classifier-free guidance). 1 follows it without a second prediction per step, so it takes half the time.',
  }),
  scheduler: port.choice(samplerKinds, {
    default: 'ddim',
    help: 'How the steps are taken. ddim, euler, dpmpp_2m, unipc, heun, lms and pndm are deterministic; ddpm, lcm and those named ancestral or sde add noise of the seed at every step. heun and dpmpp_sde take two predictions a step.',
  }),
  sigmas: port.choice(['default', 'karras', 'exponential'], {
    default: 'default',
    advanced: true,
    help: 'How noise levels are spread over the steps. karras spends more steps on little noise; not for ddim, ddpm, pndm and lcm.',
  }),
  guidanceRescale: port.number({
    min: 0,
    max: 1,
    default: 0,
    advanced: true,
    help: 'Brings guided predictions back to their usual contrast by this share; about 0.7 for models with v prediction and strong guidance.',
  }),
  clipSkip: port.integer({
    min: 1,
    max: 12,
    default: 1,
    advanced: true,
    help: 'Which layer of the text encoder is read, from the last: some models are meant to be used with 2.',
  }),
});

/** How many are drawn together, and how often they are shown. */
export const drawingPorts = {
  batch: port.integer({
    min: 1,
    max: 256,
    default: 8,
    advanced: true,
    help: 'Pictures drawn together. More is faster until memory ends.',
  }),
  previewSteps: port.integer({
    min: 0,
    max: 1000,
    default: 1,
    advanced: true,
    help: 'Steps between live pictures of what the model now sees behind the noise; 0 shows finished pictures only.',
  }),
};

/** The part of a node's inputs that `samplingPorts` declares. */
export interface SamplingSettings {
  readonly steps: number;
  readonly guidance: number;
  readonly guidanceRescale: number;
  readonly negativePrompt: string;
  readonly scheduler: (typeof samplerKinds)[number];
  readonly sigmas: 'default' | 'karras' | 'exponential';
  readonly clipSkip: number;
}
