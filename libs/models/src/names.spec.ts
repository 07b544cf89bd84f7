// Names and shapes of the full-size models against key lists of their published checkpoints.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Shape } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import {
  AutoencoderKL,
  BlipReward,
  checkWeights,
  ClipText,
  compare,
  imageRewardConfig,
  parameterCount,
  parseAutoencoderConfig,
  parseBlipRewardConfig,
  parseClipTextConfig,
  parseUNetConfig,
  sd15AutoencoderConfig,
  sd15ClipTextConfig,
  sd15UNetConfig,
  sd2ClipTextConfig,
  sd2UNetConfig,
  sdxlClipText2Config,
  sdxlUNetConfig,
  splitSingleFile,
  UNet2DCondition,
  type StoredTensor,
} from './index.ts';

const folder = join(import.meta.dirname, '../../../../shared/data/keys');
if (!existsSync(folder)) console.warn(`\n*** SKIPPED: key lists of published checkpoints are not at ${folder} ***\n`);

const keys = (file: string): [string, StoredTensor][] =>
  readFileSync(join(folder, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', shape = '[]', dtype = 'float32'] = line.split('\t');
      return [name, { kind: 'file', file, offset: 0, length: 0, dtype: dtype as 'float32', shape: JSON.parse(shape) as Shape }];
    });

describe('full-size configurations', () => {
  it.each([
    ['UNet2DConditionModel of 1.5', new UNet2DCondition(parseUNetConfig(sd15UNetConfig)), 686, 859_520_964],
    ['its inpainting variant', new UNet2DCondition(parseUNetConfig({ ...sd15UNetConfig, in_channels: 9 })), 686, 859_535_364],
    ['UNet2DConditionModel of 2', new UNet2DCondition(parseUNetConfig(sd2UNetConfig)), 686, 865_910_724],
    ['UNet2DConditionModel of XL', new UNet2DCondition(parseUNetConfig(sdxlUNetConfig)), 1680, 2_567_463_684],
    ['CLIPTextModel of 2', new ClipText(parseClipTextConfig(sd2ClipTextConfig)), 372, 340_387_840],
    ['CLIPTextModelWithProjection of XL', new ClipText(parseClipTextConfig(sdxlClipText2Config)), 517, 694_659_840],
    ['AutoencoderKL of 1.5', new AutoencoderKL(parseAutoencoderConfig(sd15AutoencoderConfig)), 248, 83_653_863],
    ['CLIPTextModel of 1.5', new ClipText(parseClipTextConfig(sd15ClipTextConfig)), 196, 123_060_480],
  ] as const)('%s of Stable Diffusion has as many parameters as its checkpoint', (_, module, tensors, scalars) => {
    expect([...module.parameters()].length).toBe(tensors);
    expect(parameterCount(module)).toBe(scalars);
  });
});

describe.skipIf(!existsSync(folder))('ImageReward and FaceScore', () => {
  it('have exactly the names and shapes of the published checkpoint, whose position_ids are no weights', () => {
    const model = new BlipReward(parseBlipRewardConfig(imageRewardConfig));
    const file = new Map(keys('imagereward_keys.txt'));
    expect(compare(model, file)).toEqual({ missing: [], unexpected: ['blip.text_encoder.embeddings.position_ids'], misshapen: [] });
    expect(() => checkWeights(model, file, { file: 'ImageReward.pt' })).not.toThrow();
    expect(parameterCount(model)).toBe(446_665_953);
  });
});

describe.skipIf(!existsSync(folder))('single-file Stable Diffusion 1.5', () => {
  const all = () => new Map(['sd15_unet_ldm_keys.txt', 'sd15_vae_ldm_keys.txt', 'sd15_clip_text_ldm_keys.txt'].flatMap(keys));

  it('gives every tensor of the file to exactly one parameter, by name and shape', () => {
    const file = all();
    const { unet, vae, text } = splitSingleFile('sd.safetensors', file);
    expect([unet.tensors.size, vae?.tensors.size, text?.tensors.size]).toEqual([686, 248, 196]);
    expect(unet.tensors.get('up_blocks.1.upsamplers.0.conv.weight')).toEqual(
      file.get('model.diffusion_model.output_blocks.5.2.conv.weight'),
    );
    expect(unet.tensors.get('up_blocks.0.upsamplers.0.conv.weight')).toEqual(
      file.get('model.diffusion_model.output_blocks.2.1.conv.weight'),
    );
    expect(unet.tensors.get('down_blocks.1.attentions.0.proj_in.weight')).toEqual(
      file.get('model.diffusion_model.input_blocks.4.1.proj_in.weight'),
    );
    expect(vae?.tensors.get('decoder.up_blocks.2.resnets.0.conv_shortcut.weight')).toEqual(
      file.get('first_stage_model.decoder.up.1.block.0.nin_shortcut.weight'),
    );
    expect(vae?.tensors.get('decoder.mid_block.attentions.0.to_out.0.weight')?.shape).toEqual([512, 512]);
  });

  it('takes nothing twice', () => {
    const file = new Map([...all()].map(([name, tensor]) => [name, { ...tensor, file: name } as StoredTensor]));
    const { unet, vae, text } = splitSingleFile('sd.safetensors', file);
    const used = [...unet.tensors.values(), ...vae!.tensors.values(), ...text!.tensors.values()].map((t) =>
      t.kind === 'file' ? t.file : '',
    );
    expect(new Set(used)).toEqual(new Set(file.keys()));
    expect(used.length).toBe(file.size);
  });

  it('finds nine input channels in an inpainting checkpoint', () => {
    const file = all();
    const name = 'model.diffusion_model.input_blocks.0.0.weight';
    file.set(name, { ...file.get(name)!, shape: [320, 9, 3, 3] });
    const { kind, unet } = splitSingleFile('inpaint.safetensors', file);
    expect([kind, unet.config['in_channels']]).toEqual(['sd1-inpainting', 9]);
  });

  it('names all that is wrong, as the file spells it', () => {
    const file = all();
    file.delete('model.diffusion_model.output_blocks.3.1.norm.weight');
    const odd = 'model.diffusion_model.time_embed.0.bias';
    file.set(odd, { ...file.get(odd)!, shape: [7] });
    expect(() => splitSingleFile('broken.safetensors', file)).toThrow(
      expect.objectContaining({
        code: 'MODELS_WEIGHTS',
        message: expect.stringMatching(
          /broken\.safetensors.*missing: model\.diffusion_model\.output_blocks\.3\.1\.norm\.weight.*misshapen: model\.diffusion_model\.time_embed\.0\.bias is \[7\], expected \[1280\]/s,
        ) as string,
      }) as Error,
    );
  });

  it('says what it needs to see in a file of another kind', () => {
    expect(() => splitSingleFile('other.safetensors', new Map())).toThrow(
      /other\.safetensors: expected a single-file Stable Diffusion 1, 2 or XL checkpoint/,
    );
  });
});
