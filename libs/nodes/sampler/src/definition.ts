// Sampler, experiment and image to image: ports of the nodes, safe in a browser.
import { defineNode, port } from '@facewright/core';
import { drawingPorts, samplingPorts } from '@facewright/pipelines/ports';

/** How prompts are drawn, with one model or with several. */
const promptPorts = {
  imagesPerPrompt: port.integer({
    min: 1,
    max: 10_000,
    default: 1,
    help: 'Pictures of each prompt, with the seeds seed, seed + 1, and so on.',
  }),
  width: port.integer({ min: 0, max: 4096, default: 0, help: 'Pixels; 0 is the size that the model was trained on.' }),
  height: port.integer({ min: 0, max: 4096, default: 0, help: 'Pixels; 0 is the size that the model was trained on.' }),
  ...samplingPorts({ steps: 25, guidance: 5 }),
  ...drawingPorts,
};

export const sampler = defineNode({
  type: 'facewright/sampler',
  version: 1,
  title: 'Sampler',
  summary: 'Draws pictures for prompts with a diffusion model.',
  category: 'Pictures',
  inputs: {
    model: port.model('diffusion', { help: 'The model that draws.' }),
    prompts: port.prompts({ help: 'What to draw.' }),
    seed: port.seed({
      help: 'The noise of a picture depends on its seed and on the key of its prompt, never on the model: two models begin at the same noise.',
    }),
    ...promptPorts,
  },
  outputs: { images: port.images({ help: 'The pictures; keys are prompt key and seed, captions are the prompts.' }) },
  effects: 'none',
});

export const drawExperiment = defineNode({
  type: 'facewright/draw-experiment',
  version: 1,
  title: 'Draw experiment',
  summary:
    'Draws the same prompts from the same noise with several models, one after the other, so that their pictures can be compared pair by pair.',
  category: 'Evaluation',
  inputs: {
    models: port.models({ help: 'The models, from Add model.' }),
    prompts: port.prompts({ help: 'What to draw.' }),
    seed: port.seed({ help: 'The noise of a picture depends on its seed and on the key of its prompt, never on the model.' }),
    ...promptPorts,
  },
  outputs: {
    variants: port.variants({
      help: 'The pictures of each model under its label; keys are prompt key and seed, captions are the prompts.',
    }),
  },
  effects: 'none',
});

export const imageToImage = defineNode({
  type: 'facewright/image-to-image',
  version: 1,
  title: 'Image to image',
  summary: 'Draws over whole pictures with a diffusion model, keeping more or less of what they show.',
  category: 'Pictures',
  inputs: {
    model: port.model('diffusion', { help: 'The model that draws.' }),
    images: port.images({ help: 'The pictures to draw over.' }),
    strength: port.number({
      min: 0,
      max: 1,
      default: 0.6,
      help: 'How much of the schedule is walked: 0 changes nothing, 1 keeps nothing but the size.',
    }),
    seed: port.seed({ help: 'The noise of a picture depends on the seed and on its key.' }),
    prompt: port.text({ default: '', multiline: true, help: 'What to draw; empty takes the caption of each picture.' }),
    ...samplingPorts({ steps: 25, guidance: 5 }),
    longestSide: port.integer({
      min: 0,
      max: 4096,
      default: 0,
      help: 'Larger pictures are scaled down to this many pixels first; 0 is the size that the model was trained on.',
    }),
    ...drawingPorts,
  },
  outputs: { images: port.images({ help: 'The pictures, under the keys of their originals.' }) },
  effects: 'none',
});
