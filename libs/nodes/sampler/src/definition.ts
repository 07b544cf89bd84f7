// Sampler: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/sampler',
  version: 1,
  title: 'Sampler',
  summary: 'Draws pictures for prompts with a diffusion model.',
  category: 'Pictures',
  inputs: {
    model: port.model('diffusion', { help: 'The model that draws.' }),
    prompts: port.prompts({ help: 'What to draw.' }),
    imagesPerPrompt: port.integer({
      min: 1,
      max: 10_000,
      default: 1,
      help: 'Pictures of each prompt, with the seeds seed, seed + 1, and so on.',
    }),
    seed: port.seed({
      help: 'The noise of a picture depends on its seed and on the key of its prompt, never on the model: two models begin at the same noise.',
    }),
    steps: port.integer({ min: 1, max: 1000, default: 25, help: 'Denoising steps.' }),
    guidance: port.number({
      min: 0,
      max: 50,
      default: 5,
      help: 'How strongly the prompt leads (classifier-free guidance). 1 follows it without a second prediction per step, so it takes half the time.',
    }),
    negativePrompt: port.text({ default: '', help: 'What guidance leads away from; may stay empty.' }),
    scheduler: port.choice(['ddim', 'euler'], { default: 'ddim', help: 'How the steps are taken; both are deterministic.' }),
    width: port.integer({ min: 0, max: 4096, default: 0, help: 'Pixels; 0 is the size that the model was trained on.' }),
    height: port.integer({ min: 0, max: 4096, default: 0, help: 'Pixels; 0 is the size that the model was trained on.' }),
    batch: port.integer({ min: 1, max: 256, default: 8, help: 'Pictures drawn together. More is faster until memory ends.' }),
    previewSteps: port.integer({
      min: 0,
      max: 1000,
      default: 8,
      help: 'Steps between live pictures of what the model now sees behind the noise; 0 shows finished pictures only.',
    }),
  },
  outputs: { images: port.images({ help: 'The pictures; keys are prompt key and seed, captions are the prompts.' }) },
  effects: 'none',
});
