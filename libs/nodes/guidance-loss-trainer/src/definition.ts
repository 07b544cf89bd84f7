// Trainers of diffusion models: ports of the nodes, safe in a browser.
import { defineNode, port } from '@facewright/core';
import { stepPorts, timePorts, trainingPorts } from './ports.ts';

const outputs = { model: port.model('diffusion'), training: port.training() };
const common = { version: 1, category: 'Training', outputs, effects: 'none', stops: true, extends: ['steps', 'extend'] } as const;

export const guidanceLossTrainer = defineNode({
  ...common,
  type: 'facewright/guidance-loss-trainer',
  title: 'Guidance loss trainer',
  summary: 'Fine-tunes a diffusion model so that the denoising of a bad face moves toward that of the good one (arXiv 2406.17100).',
  inputs: {
    model: port.model('diffusion', { help: 'The model to fine-tune; it also is the frozen guide.' }),
    pairs: port.pairs({ help: 'Good and bad pictures of the same scene.' }),
    ...stepPorts({ steps: 250, batch: 16, what: 'Pairs' }),
    guidanceWeight: port.number({
      min: 0,
      max: 1000,
      default: 1,
      help: 'Weight of the guidance loss: how far what the tuned model sees behind the bad picture is from what the frozen model sees behind the good one. 0 leaves it out.',
    }),
    distance: port.choice(['latents', 'dino'], {
      default: 'latents',
      help: "How that is measured: by the squared difference of clean latents, or by DINO's features of the decoded pictures, which takes more time and memory.",
    }),
    dino: port.optional(port.model('dino', { help: 'From Load DINO; only for distance dino.' })),
    dinoMetric: port.choice(['cosine', 'l2'], {
      default: 'cosine',
      advanced: true,
      help: 'Between features: 1 minus their cosine, or their mean squared difference. Only for distance dino.',
    }),
    dinoOn: port.choice(['picture', 'faces'], {
      default: 'picture',
      advanced: true,
      help: 'Whether DINO looks at whole pictures or at the square around the largest face of each. Only for distance dino.',
    }),
    target: port.choice(['frozen', 'clean'], {
      default: 'frozen',
      advanced: true,
      help: 'What the tuned model is to see: what the frozen model sees behind the good picture under the same noise, as in the paper, or the good picture itself.',
    }),
    diffusionWeight: port.number({
      min: 0,
      max: 1000,
      default: 1,
      help: 'Weight of the plain diffusion loss on the good picture. With guidance weight 0 this is plain fine-tuning.',
    }),
    ...timePorts({ from: 400, loss: 'guidance loss', why: ' Low timesteps blur faces.' }),
    snrWeighting: port.choice(['none', 'snr', 'min-snr'], {
      default: 'min-snr',
      help: 'How the guidance loss weighs timesteps by their signal-to-noise ratio.',
    }),
    snrGamma: port.number({ min: 0.01, max: 1000, default: 5, help: 'Cap of the signal-to-noise ratio for min-snr.' }),
    faceWeight: port.number({
      min: 1,
      max: 1000,
      default: 1,
      advanced: true,
      help: 'How many times as much as the rest of the picture the repainted faces count in the guidance loss; 1 makes no difference. Only for distance latents.',
    }),
    ...trainingPorts({ learningRate: 1e-4, mode: 'full' }),
  },
});

export const dpoTrainer = defineNode({
  ...common,
  type: 'facewright/dpo-trainer',
  title: 'DPO trainer',
  summary:
    'Fine-tunes a diffusion model to denoise good pictures better than bad ones, compared with itself before (Diffusion-DPO, arXiv 2311.12908).',
  inputs: {
    model: port.model('diffusion', { help: 'The model to fine-tune; it also is the frozen reference.' }),
    pairs: port.pairs({ help: 'Good and bad pictures of the same scene.' }),
    ...stepPorts({ steps: 250, batch: 16, what: 'Pairs' }),
    beta: port.number({
      min: 0.01,
      max: 1e6,
      default: 5000,
      help: 'How closely the tuned model is held to the reference: a larger beta lets it move less before a pair counts as won.',
    }),
    form: port.choice(['authors', 'diffusers'], {
      default: 'authors',
      advanced: true,
      help: "The published training code takes half of beta; diffusers' script for LoRA takes all of it.",
    }),
    ...timePorts({ from: 0, loss: 'loss' }),
    ...trainingPorts({ learningRate: 1e-5, mode: 'full' }),
  },
});

export const spinTrainer = defineNode({
  ...common,
  type: 'facewright/spin-trainer',
  title: 'SPIN trainer',
  summary: 'Fine-tunes a diffusion model to prefer real pictures to those that it drew itself (SPIN for diffusion, arXiv 2402.10210).',
  inputs: {
    model: port.model('diffusion', { help: 'The model to fine-tune; it also is the frozen opponent, so it is the one that drew.' }),
    good: port.images({ help: 'Real pictures.' }),
    drawn: port.images({ help: 'Pictures that the model drew of the same captions, matched to the real ones by key.' }),
    ...stepPorts({ steps: 250, batch: 16, what: 'Pairs' }),
    beta: port.number({
      min: 0.01,
      max: 1e6,
      default: 2500,
      help: 'How closely the tuned model is held to the opponent: a larger beta lets it move less before a pair counts as won.',
    }),
    ...timePorts({ from: 0, loss: 'loss' }),
    ...trainingPorts({ learningRate: 1e-5, mode: 'full' }),
  },
});

export const fineTune = defineNode({
  ...common,
  type: 'facewright/fine-tune',
  title: 'Fine-tune',
  summary:
    'Fine-tunes a diffusion model on pictures, if wanted with others of their kind beside them so that it does not forget these (DreamBooth, arXiv 2208.12242).',
  inputs: {
    model: port.model('diffusion', { help: 'The model to fine-tune.' }),
    images: port.images({ help: 'Pictures to learn.' }),
    prior: port.optional(port.images({ help: 'Pictures of the same kind, usually drawn by the model itself, that it is not to forget.' })),
    prompt: port.text({ default: '', help: 'Stands for the captions of the pictures to learn; empty takes these.' }),
    priorPrompt: port.text({ default: '', help: 'Stands for the captions of the prior pictures; empty takes these.' }),
    ...stepPorts({ steps: 250, batch: 16, what: 'Pictures' }),
    priorWeight: port.number({ min: 0, max: 1000, default: 1, help: 'Weight of the loss on the prior pictures.' }),
    snrGamma: port.number({
      min: 0,
      max: 1000,
      default: 0,
      advanced: true,
      help: 'Timesteps count min(SNR, gamma) / SNR, which damps the nearly clean ones; 5 is usual, 0 lets all count the same.',
    }),
    ...trainingPorts({ learningRate: 1e-4, mode: 'full' }),
  },
});

export const reflTrainer = defineNode({
  ...common,
  type: 'facewright/refl-trainer',
  title: 'ReFL trainer',
  summary:
    'Fine-tunes a diffusion model so that a reward model likes what it draws: the gradient comes from the reward itself (ReFL, arXiv 2304.05977).',
  inputs: {
    model: port.model('diffusion', { help: 'The model to fine-tune.' }),
    reward: port.model('face-score', { help: 'What judges the pictures: ImageReward, or any face score, from Load face score.' }),
    prompts: port.prompts({ help: 'What is drawn to be judged.' }),
    images: port.optional(
      port.images({ help: 'Pictures for the plain diffusion loss, so that the model does not forget what pictures look like.' }),
    ),
    ...stepPorts({ steps: 100, batch: 8, what: 'Prompts' }),
    width: port.integer({ min: 0, max: 4096, default: 0, help: 'Pixels; 0 is the size that the model was trained on.' }),
    height: port.integer({ min: 0, max: 4096, default: 0, help: 'Pixels; 0 is the size that the model was trained on.' }),
    rewardPrompt: port.text({
      default: '',
      help: 'What pictures are said to show when they are judged; empty takes the prompt, as ImageReward needs. FaceScore was trained on "A face.".',
    }),
    rewardScale: port.number({ min: 1e-9, max: 1e6, default: 1e-3, help: 'Weight of the reward loss.' }),
    margin: port.number({
      min: -1000,
      max: 1000,
      default: 2,
      help: 'Pictures whose reward is above this teach nothing more.',
    }),
    diffusionWeight: port.number({
      min: 0,
      max: 1000,
      default: 0,
      help: 'Weight of the plain diffusion loss on the images; 0 leaves it out.',
    }),
    samplingSteps: port.integer({
      min: 2,
      max: 1000,
      default: 40,
      advanced: true,
      help: 'Steps of the whole walk from noise to a picture (DDPM, without guidance).',
    }),
    fromStep: port.integer({
      min: 0,
      max: 999,
      default: 30,
      advanced: true,
      help: 'The walk stops at a random step from this one on, counted from 0, and the rest is one step that the gradient passes.',
    }),
    toStep: port.integer({ min: 0, max: 999, default: 39, advanced: true, help: 'The last step at which the walk may stop.' }),
    rewardMean: port.number({
      min: -1000,
      max: 1000,
      default: 0.16717362830052426,
      advanced: true,
      help: "Rewards count (reward - mean) / deviation; the defaults are ImageReward's. 0 and 1 leave them as they are, as FaceScore reports them.",
    }),
    rewardDeviation: port.number({ min: 1e-6, max: 1000, default: 1.0333394966054072, advanced: true, help: 'See the reward mean.' }),
    ...trainingPorts({ learningRate: 1e-5, mode: 'full' }),
  },
});
