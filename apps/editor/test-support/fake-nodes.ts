// A small catalogue and a loop of it, for specs of the editor: shaped like the real ones, computing nothing.
import { defineNode, describeNode, port, type Graph, type NodeDescription } from '@facewright/core';

const model = (family: string) => port.model(family, { help: `The ${family} model to use.` });
const seed = port.seed({ help: 'The same seed gives the same numbers.' });

const definitions = [
  defineNode({
    type: 'facewright/load-diffusion', version: 1, title: 'Load diffusion model', summary: 'Opens a checkpoint folder or file as a model that draws.', category: 'Models',
    inputs: { path: port.path({ default: 'models/tiny-faces', help: 'A folder in the diffusers layout, or one checkpoint file.' }) }, outputs: { model: port.model('diffusion') }, effects: 'reads',
  }),
  defineNode({
    type: 'facewright/load-face-score', version: 1, title: 'Load face score model', summary: 'Opens a model that says how good a face looks.', category: 'Models',
    inputs: { path: port.path({ default: 'models/tiny-faces/face_score' }) }, outputs: { model: port.model('face-score') }, effects: 'reads',
  }),
  defineNode({
    type: 'facewright/load-face-detector', version: 1, title: 'Load face detector', summary: 'Opens a network that finds faces.', category: 'Models',
    inputs: { path: port.path({ default: 'models/tiny-faces/face_detector/face_detector.onnx', of: 'file' }) }, outputs: { model: port.model('face-detector') }, effects: 'reads',
  }),
  defineNode({
    type: 'facewright/prompts', version: 1, title: 'Prompts', summary: 'One prompt per line.', category: 'Pictures',
    inputs: { text: port.text({ multiline: true, default: 'a smiling woman with red hair in a park\nan old man with a beard by the sea', help: 'One prompt per line; empty lines are skipped.' }) }, outputs: { prompts: port.prompts() }, effects: 'none',
  }),
  defineNode({
    type: 'facewright/sampler', version: 1, title: 'Sampler', summary: 'Draws pictures for prompts with a diffusion model.', category: 'Pictures',
    inputs: {
      model: model('diffusion'), prompts: port.prompts({ help: 'What to draw.' }), seed, steps: port.integer({ min: 1, max: 1000, default: 25, help: 'Denoising steps.' }),
      guidance: port.number({ min: 0, max: 50, default: 5, help: 'How strongly the prompt leads.' }), scheduler: port.choice(['ddim', 'euler'], { default: 'ddim' }),
      negativePrompt: port.text({ default: '' }), cropped: port.boolean({ default: true, help: 'Keeps the middle of the picture.' }),
    },
    outputs: { images: port.images() }, effects: 'none',
  }),
  defineNode({
    type: 'facewright/face-detect', version: 1, title: 'Face detect', summary: 'Finds faces in pictures.', category: 'Faces',
    inputs: { images: port.images(), detector: model('face-detector'), confidence: port.number({ min: 0, max: 1, default: 0.5 }) }, outputs: { faces: port.faces() }, effects: 'none',
  }),
  defineNode({
    type: 'facewright/pair-set', version: 1, title: 'Pair set', summary: 'Keeps pairs of a good and a bad face of the same scene.', category: 'Faces',
    inputs: { good: port.images(), bad: port.images(), scorer: port.optional(model('face-score')) }, outputs: { pairs: port.pairs() }, effects: 'none',
  }),
  defineNode({
    type: 'facewright/guidance-loss-trainer', version: 1, title: 'Guidance loss trainer', summary: 'Fine-tunes a diffusion model so that bad faces move toward good ones.', category: 'Training',
    inputs: {
      model: model('diffusion'), pairs: port.pairs(), steps: port.integer({ min: 1, max: 100_000, default: 300 }), rate: port.number({ min: 1e-7, max: 1, default: 1e-4, help: 'Learning rate of AdamW.' }), seed,
    },
    outputs: { model: port.model('diffusion'), training: port.training() }, effects: 'none',
  }),
  defineNode({
    type: 'facewright/evaluator', version: 1, title: 'Evaluator', summary: 'Tells whether fine-tuning made faces better.', category: 'Evaluation',
    inputs: { base: port.images(), tuned: port.images(), rival: port.optional(port.images()), scorer: model('face-score'), resamples: port.integer({ min: 100, max: 10_000, default: 1000 }) },
    outputs: { report: port.report() }, effects: 'none', output: true,
  }),
  defineNode({ type: 'facewright/preview', version: 1, title: 'Preview', summary: 'Shows pictures.', category: 'Pictures', inputs: { images: port.images() }, outputs: {}, effects: 'none', output: true }),
];
export const fakeNodes: readonly NodeDescription[] = definitions.map(describeNode);

const node = (type: string, values: Record<string, unknown> = {}): Graph['nodes'][string] => ({ type: `facewright/${type}`, version: 1, values });
const link = (from: string, output: string, to: string, input: string): Graph['links'][number] => ({ from: [from, output], to: [to, input] });

export const fakeLoop: Graph = {
  facewright: 1, name: 'Face quality loop', description: 'Draw, pair, train, compare.', groups: [],
  nodes: {
    base: node('load-diffusion'), scorer: node('load-face-score'), detector: node('load-face-detector'), prompts: node('prompts'), held: { ...node('prompts', { text: 'a boy with curly hair at night\na woman with glasses in the snow' }), title: 'Held-out prompts' },
    draw: node('sampler', { seed: 11 }), redraw: { ...node('sampler', { seed: 12, steps: 10 }), title: 'Sampler, few steps' }, faces: node('face-detect'), pairs: node('pair-set'), train: node('guidance-loss-trainer', { seed: 3 }),
    before: { ...node('sampler', { seed: 77 }), title: 'Before' }, after: { ...node('sampler', { seed: 77 }), title: 'After' }, evaluate: node('evaluator'), show: node('preview'),
  },
  links: [
    link('base', 'model', 'draw', 'model'), link('prompts', 'prompts', 'draw', 'prompts'), link('base', 'model', 'redraw', 'model'), link('prompts', 'prompts', 'redraw', 'prompts'),
    link('draw', 'images', 'faces', 'images'), link('detector', 'model', 'faces', 'detector'), link('draw', 'images', 'pairs', 'good'), link('redraw', 'images', 'pairs', 'bad'), link('scorer', 'model', 'pairs', 'scorer'),
    link('base', 'model', 'train', 'model'), link('pairs', 'pairs', 'train', 'pairs'), link('base', 'model', 'before', 'model'), link('train', 'model', 'after', 'model'),
    link('held', 'prompts', 'before', 'prompts'), link('held', 'prompts', 'after', 'prompts'), link('before', 'images', 'evaluate', 'base'), link('after', 'images', 'evaluate', 'tuned'), link('scorer', 'model', 'evaluate', 'scorer'), link('after', 'images', 'show', 'images'),
  ],
};
