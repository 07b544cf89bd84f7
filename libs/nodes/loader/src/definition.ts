// Loaders: ports of the nodes that make model handles out of files, safe in a browser.
import { defineNode, port } from '@facewright/core';

const tinySet = 'models/tiny-faces';

export const loadDiffusion = defineNode({
  type: 'facewright/load-diffusion',
  version: 1,
  title: 'Load diffusion model',
  summary: 'Opens a diffusion model where it lies: a folder in the diffusers layout, or a single safetensors file of Stable Diffusion 1.x.',
  category: 'Models',
  inputs: {
    path: port.path({
      default: tinySet,
      help: 'Folder with unet, vae, text_encoder, tokenizer and scheduler inside, or a .safetensors file. Nothing is copied or converted.',
    }),
    tokenizer: port.optional(
      port.path({
        of: 'folder',
        help: 'For a single file, which has no vocabulary inside: the folder with vocab.json and merges.txt of CLIP.',
      }),
    ),
  },
  outputs: { model: port.model('diffusion', { help: 'The model: its configuration and where its weights are.' }) },
  effects: 'reads',
});

export const loadLora = defineNode({
  type: 'facewright/load-lora',
  version: 1,
  title: 'Load LoRA',
  summary: 'Adds a LoRA file to a diffusion model; the weights of the model stay as they are.',
  category: 'Models',
  inputs: {
    model: port.model('diffusion', { help: 'The model to add to.' }),
    path: port.path({ of: 'file', help: 'A .safetensors file, named as diffusers, PEFT or kohya name its factors.' }),
    strength: port.number({ min: -10, max: 10, default: 1, help: 'How much of it is added; 0 changes nothing.' }),
  },
  outputs: { model: port.model('diffusion', { help: 'The model with the LoRA.' }) },
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
      of: 'folder',
      default: tinySet,
      help: 'Folder with config.json (or med_config.json), model.safetensors and vocab.txt, or one with such a folder face_score inside.',
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
  inputs: { path: port.path({ default: tinySet, help: 'An .onnx file, or a folder with face_detector/face_detector.onnx inside.' }) },
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
      default: tinySet,
      help: 'An .onnx file with pictures [n, 3, height, width] in [-1, 1] to vectors [n, length], or a folder with features/features.onnx inside.',
    }),
  },
  outputs: { model: port.model('features', { help: 'The network.' }) },
  effects: 'reads',
});
