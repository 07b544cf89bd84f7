// Scores that rank pictures, and the models they need: ports of the nodes, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const loadClip = defineNode({
  type: 'facewright/load-clip',
  version: 1,
  title: 'Load CLIP',
  summary: 'Opens CLIP with both halves: OpenAI, OpenCLIP, HPS v1, v2 and v2.1.',
  category: 'Models',
  inputs: {
    path: port.path({
      models: 'scorers',
      help: 'A .pt or .safetensors file with the names of OpenAI, OpenCLIP or transformers, or a folder with one and config.json.',
    }),
    activation: port.choice(['auto', 'quick_gelu', 'gelu'], {
      default: 'auto',
      help: 'What the file does not say: OpenAI and HPS v1 have quick_gelu, OpenCLIP and HPS v2 gelu. auto goes by config.json, else by the size.',
      advanced: true,
    }),
  },
  outputs: { model: port.model('clip', { help: 'The model.' }) },
  effects: 'reads',
});

export const loadAesthetic = defineNode({
  type: 'facewright/load-aesthetic',
  version: 1,
  title: 'Load aesthetic predictor',
  summary: "Opens the head of LAION's aesthetic predictor, linear or with ReLU; the CLIP below it is loaded by itself.",
  category: 'Models',
  inputs: { path: port.path({ of: 'file', models: 'scorers', help: 'Such as sac+logos+ava1-l14-linearMSE.pth.' }) },
  outputs: { model: port.model('aesthetic', { help: 'The head.' }) },
  effects: 'reads',
});

export const loadFaceQuality = defineNode({
  type: 'facewright/load-face-quality',
  version: 1,
  title: 'Load face quality',
  summary: "Opens a face quality network in an ONNX file that reads faces aligned as ArcFace's: ModelScope FQA, eDifFIQA.",
  category: 'Models',
  inputs: { path: port.path({ of: 'file', models: 'scorers', help: 'An .onnx file with one input [n, 3, 112, 112], RGB in [-1, 1].' }) },
  outputs: { model: port.model('face-quality', { help: 'The network.' }) },
  effects: 'reads',
});

const faces = port.optional(port.faces({ help: 'Pictures with their faces: each face is scored by itself, cropped as FaceScore crops.' }));
const images = port.optional(port.images({ help: 'Pictures to score as a whole, when no faces are linked.' }));
const prompt = port.text({ default: '', help: 'What the pictures are said to show; empty takes the caption of each.' });
const per = port.choice(['face', 'picture'], {
  default: 'face',
  help: 'With faces: one row for each face, or one for each picture with the mean of its faces.',
});
const outputs = { scores: port.scores({ help: 'The table. A picture without a face is in it, not scored.' }), summary: port.text({}) };

export const imageReward = defineNode({
  type: 'facewright/image-reward',
  version: 1,
  title: 'ImageReward',
  summary: 'How well pictures show what their prompts say, as people judged. With faces linked it is LocalIR: the same on each face.',
  category: 'Scores',
  inputs: { model: port.model('face-score', { help: 'ImageReward, from Load face score.' }), faces, images, prompt, per },
  outputs,
  effects: 'none',
});

export const clipScore = defineNode({
  type: 'facewright/clip-score',
  version: 1,
  title: 'CLIP score',
  summary: 'The cosine between the features of a picture and those of what it is said to show.',
  category: 'Scores',
  inputs: { model: port.model('clip', { help: 'CLIP, from Load CLIP.' }), faces, images, prompt, per },
  outputs,
  effects: 'none',
});

export const hpsScore = defineNode({
  type: 'facewright/hps-score',
  version: 1,
  title: 'HPS',
  summary: 'Human preference score v1, v2 or v2.1. With faces linked it is LocalHPS: the same on each face.',
  category: 'Scores',
  inputs: {
    model: port.model('clip', { help: 'The checkpoint of HPS, from Load CLIP.' }),
    faces,
    images,
    prompt,
    per,
    version: port.choice(['auto', 'v1', 'v2'], {
      default: 'auto',
      help: 'How pictures are made smaller: v1 resizes bytes, v2 and v2.1 values that are not rounded. auto: v2 for ViT-H, which only it has.',
      advanced: true,
    }),
  },
  outputs,
  effects: 'none',
});

export const aestheticScore = defineNode({
  type: 'facewright/aesthetic-score',
  version: 1,
  title: 'Aesthetic score',
  summary: "LAION's aesthetic predictor: how pretty pictures are, from about 1 to 10, whatever they show.",
  category: 'Scores',
  inputs: {
    model: port.model('aesthetic', { help: 'The head, from Load aesthetic predictor.' }),
    clip: port.model('clip', { help: "OpenAI's CLIP ViT-L/14, which the heads of LAION were trained on." }),
    faces,
    images,
    per,
  },
  outputs,
  effects: 'none',
});

export const faceQuality = defineNode({
  type: 'facewright/face-quality',
  version: 1,
  title: 'Face quality',
  summary: 'How good faces are for recognition: each is aligned by its five landmarks to 112 x 112 pixels and given to a quality network.',
  category: 'Scores',
  inputs: {
    model: port.model('face-quality', { help: 'The network, from Load face quality.' }),
    faces: port.faces({ help: 'Pictures with their faces and landmarks, from Face detect.' }),
    per,
  },
  outputs,
  effects: 'none',
});
