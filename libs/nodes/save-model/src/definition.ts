// Save nodes for what was trained: ports, safe in a browser.
import { defineNode, port } from '@facewright/core';

const precision = port.choice(['as it is', 'float16', 'float32'], {
  default: 'as it is',
  help: 'Element type of the numbers in the file. float16 halves the file; the pictures and scores differ a little.',
});
const name = (what: string, fallback: string) =>
  port.text({
    default: fallback,
    help: `${what} in the output folder of the run; may name a folder in it, as in faces/mine.`,
  });

export const saveFaceScore = defineNode({
  type: 'facewright/save-face-score',
  version: 1,
  title: 'Save face score',
  summary:
    'Writes a face score into a folder of its own, as the authors of FaceScore and ImageReward publish theirs or as safetensors. Load face score opens it.',
  category: 'Output',
  inputs: {
    model: port.model('face-score', { help: 'The score, as a trainer gives it.' }),
    name: name('Folder', 'face-score'),
    format: port.choice(['pt', 'safetensors'], {
      default: 'pt',
      help: "pt is FS_model.pt in PyTorch's format, which the authors' Python code loads; safetensors is read by more programs and faster.",
    }),
    precision,
  },
  outputs: { model: port.model('face-score', { help: 'The score that came in.' }) },
  effects: 'writes',
  output: true,
});

export const saveLora = defineNode({
  type: 'facewright/save-lora',
  version: 1,
  title: 'Save LoRA',
  summary: 'Writes the last LoRA of a diffusion model as a file that ComfyUI, A1111 and diffusers read.',
  category: 'Output',
  inputs: {
    model: port.model('diffusion', {
      help: 'A model with a LoRA, as a trainer gives it. The last one added is written, whole: strengths are set where it is loaded.',
    }),
    name: name('File', 'lora'),
    naming: port.choice(['kohya', 'diffusers'], {
      default: 'kohya',
      help: 'kohya: one file for ComfyUI and A1111, which diffusers reads too. diffusers: pytorch_lora_weights.safetensors in a folder of this name, for load_lora_weights.',
    }),
    precision,
  },
  outputs: { model: port.model('diffusion', { help: 'The model that came in.' }) },
  effects: 'writes',
  output: true,
});

export const saveDiffusion = defineNode({
  type: 'facewright/save-diffusion',
  version: 1,
  title: 'Save diffusion model',
  summary: 'Writes a diffusion model, LoRAs merged in, as one checkpoint for ComfyUI and A1111 or its U-Net as a folder for diffusers.',
  category: 'Output',
  inputs: {
    model: port.model('diffusion', { help: 'The model. Its LoRAs become part of the weights, each times its strength.' }),
    name: name('File or folder', 'model'),
    format: port.choice(['checkpoint', 'diffusers U-Net'], {
      default: 'checkpoint',
      help: 'checkpoint: one .safetensors file with U-Net, VAE and text encoders. diffusers U-Net: the folder unet alone, to put in place of that of the base model.',
    }),
    precision: { ...precision, default: 'float16' },
  },
  outputs: { model: port.model('diffusion', { help: 'The model that came in.' }) },
  effects: 'writes',
  output: true,
});
