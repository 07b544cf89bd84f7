// Loaders: ports of the nodes that make model handles out of files, safe in a browser.
import { defineNode, port } from '@facewright/core';

const tinySet = 'models/tiny-faces';

export const loadDiffusion = defineNode({
  type: 'facewright/load-diffusion',
  version: 2,
  title: 'Load diffusion model',
  summary:
    'Opens a diffusion model where it lies: a checkpoint of Stable Diffusion 1, 2 or XL, or a folder in the diffusers or ONNX layout.',
  category: 'Models',
  inputs: {
    path: port.path({
      models: 'checkpoints',
      default: tinySet,
      help: 'A .safetensors or .ckpt file, or a folder with unet, vae, text_encoder, tokenizer and scheduler inside. Nothing is copied or converted.',
    }),
    vae: port.optional(
      port.path({ of: 'file', models: 'vae', help: "A VAE file to use instead of the model's own, or for a checkpoint that has none." }),
    ),
    prediction: port.choice(['auto', 'epsilon', 'v_prediction'], {
      default: 'auto',
      help: 'What the U-Net predicts: noise (epsilon) or velocity. auto takes what the file says, and for Stable Diffusion 2 files, which do not say, velocity.',
    }),
  },
  outputs: { model: port.model('diffusion', { help: 'The model: its configuration and where its weights are.' }) },
  effects: 'reads',
  migrations: [
    {
      to: 2,
      why: 'the vocabulary of CLIP comes with Facewright, so that single files need no folder for it',
      up: ({ tokenizer: _, ...values }) => values,
    },
  ],
});

export const loadLora = defineNode({
  type: 'facewright/load-lora',
  version: 1,
  title: 'Load LoRA',
  summary: 'Adds a LoRA file to a diffusion model; the weights of the model stay as they are. Several in a row add up.',
  category: 'Models',
  inputs: {
    model: port.model('diffusion', { help: 'The model to add to.' }),
    path: port.path({ of: 'file', models: 'loras', help: 'A .safetensors file, named as diffusers, PEFT or kohya name its factors.' }),
    strength: port.number({ min: -10, max: 10, default: 1, help: 'How much of it is added; 0 changes nothing.' }),
    textStrength: port.optional(
      port.number({ min: -10, max: 10, help: 'How much of its part for the text encoder is added; empty: as much as strength.' }),
    ),
  },
  outputs: { model: port.model('diffusion', { help: 'The model with the LoRA.' }) },
  effects: 'reads',
});

export const loadEmbedding = defineNode({
  type: 'facewright/load-embedding',
  version: 1,
  title: 'Load textual inversion',
  summary: 'Teaches a diffusion model a word: prompts that say it mean what the file learned.',
  category: 'Models',
  inputs: {
    model: port.model('diffusion', { help: 'The model that learns the word.' }),
    path: port.path({ of: 'file', models: 'embeddings', help: 'A textual inversion in a .safetensors, .pt or .bin file.' }),
    word: port.text({ default: '', help: 'The word in prompts; empty: the name of the file.' }),
  },
  outputs: { model: port.model('diffusion', { help: 'The model that knows the word.' }) },
  effects: 'reads',
});

export const loadFaceScore = defineNode({
  type: 'facewright/load-face-score',
  version: 1,
  title: 'Load face score',
  summary: 'Opens a face score model: BLIP with a reward head, as ImageReward and FaceScore are.',
  category: 'Models',
  inputs: {
    path: port.path({
      models: 'scorers',
      default: tinySet,
      help: 'The official FS_model.pt or ImageReward.pt (also as .safetensors), or a folder with such a file, config.json or med_config.json and vocab.txt, or one with such a folder face_score inside. What is not there is as the authors have it.',
    }),
  },
  outputs: { model: port.model('face-score', { help: 'The model: its configuration and where its weights are.' }) },
  effects: 'reads',
});

export const loadFaceDetector = defineNode({
  type: 'facewright/load-face-detector',
  version: 1,
  title: 'Load face detector',
  summary: 'Opens a face detector in an ONNX file: YuNet, RetinaFace or SCRFD, told apart by their outputs.',
  category: 'Models',
  inputs: {
    path: port.path({
      models: 'detectors',
      default: tinySet,
      help: 'An .onnx file, or a folder with face_detector/face_detector.onnx inside.',
    }),
  },
  outputs: { model: port.model('face-detector', { help: 'The detector.' }) },
  effects: 'reads',
});

export const loadFeatures = defineNode({
  type: 'facewright/load-features',
  version: 1,
  title: 'Load feature network',
  summary: 'Opens a network that turns pictures into vectors, on which Fréchet distance and diversity are measured.',
  category: 'Models',
  inputs: {
    path: port.path({
      models: 'features',
      default: tinySet,
      help: 'An .onnx file with pictures [n, 3, height, width] in [-1, 1] to vectors [n, length], or a folder with features/features.onnx inside.',
    }),
  },
  outputs: { model: port.model('features', { help: 'The network.' }) },
  effects: 'reads',
});

export const loadDino = defineNode({
  type: 'facewright/load-dino',
  version: 1,
  title: 'Load DINO',
  summary: 'Opens DINO, a vision transformer whose features say what a picture shows: the guidance loss can compare pictures by them.',
  category: 'Models',
  inputs: {
    path: port.path({
      models: 'features',
      help: 'A file of facebookresearch/dino (ViT-S or ViT-B, patches of 8 or 16 pixels) or of its copy in transformers, or a folder with one and its config.json, or one with such a folder dino inside.',
    }),
  },
  outputs: { model: port.model('dino', { help: 'The model: its configuration and where its weights are.' }) },
  effects: 'reads',
});
