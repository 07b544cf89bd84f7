// What the trainer of the embedded set draws, damages and writes; and what the committed set holds.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CAPTION_VOCABULARY, captionOf } from '@facewright/node-toy-faces';
import {
  AutoencoderKL,
  BlipReward,
  checkWeights,
  ClipText,
  parseAutoencoderConfig,
  parseBlipRewardConfig,
  parseClipTextConfig,
  parseNoiseSchedule,
  parseUNetConfig,
  UNet2DCondition,
} from '@facewright/models';
import { createRuntime } from '@facewright/runtime';
import { createRng, toFloat32 } from '@facewright/tensor';
import { readLora, readSafetensorsHeader, readTensors } from '@facewright/weights';
import { describe, expect, it } from 'vitest';
import { autoencoderConfig, faceScoreConfig, PROMPT_TOKENS, schedulerConfig, textEncoderConfig, unetConfig } from './configs.ts';
import { blurred, noisy, sharpened } from './degrade.ts';
import { drawFacePairs } from './face-pairs.ts';
import { drawFaceSet, pictureOf } from './face-set.ts';
import { fullScoreConfig, scoreVocabulary } from './train-face-score.ts';
import { toyLoras } from './train-lora.ts';
import { captionTokenizer, captionVocabulary } from './vocabulary.ts';
import { readJson } from './write-files.ts';

const models = join(import.meta.dirname, '../../models/tiny-faces');

/** Mean size of the differences between neighbours in a row. */
function roughness(picture: Uint8Array): number {
  let sum = 0;
  for (let i = 3; i < picture.length; i++) sum += Math.abs(picture[i]! - picture[i - 3]!);
  return sum / picture.length;
}

describe('drawFaceSet', () => {
  it('draws the same pictures and captions from the same seed, about as many deformed ones as asked', () => {
    const settings = { seed: 4, count: 60, deformedShare: 0.35 };
    const [a, b] = [drawFaceSet(settings), drawFaceSet(settings)];
    expect(a.pixels).toEqual(b.pixels);
    expect(a.captions).toEqual(b.captions);
    const share = a.deformed.reduce((sum, v) => sum + v, 0) / 60;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.5);
  });
});

describe('captionVocabulary', () => {
  const tokenizer = captionTokenizer(captionVocabulary());

  it('has one token for every word of the captions', () => {
    for (const word of CAPTION_VOCABULARY) expect(tokenizer.pieces(word), word).toHaveLength(3);
  });

  it('fits the longest captions and says any other text in pieces', () => {
    const faces = drawFaceSet({ seed: 9, count: 40, deformedShare: 0 });
    const encoded = tokenizer.encode(faces.scenes.map((scene) => captionOf(scene)));
    expect(encoded.truncated).not.toContain(true);
    expect(encoded.ids.dims).toEqual([40, PROMPT_TOKENS]);
    expect(tokenizer.pieces('Zebra 7 é!').length).toBeGreaterThan(5);
  });
});

describe('damages', () => {
  const picture = pictureOf(drawFaceSet({ seed: 2, count: 1, deformedShare: 0 }), 0).data;

  it('blur smooths, noise and sharpening roughen, each more the stronger', () => {
    const rng = createRng(1);
    const of = [blurred(picture, 2), blurred(picture, 0.7), picture, sharpened(picture, 0.5), sharpened(picture, 2)].map(roughness);
    expect(of).toEqual([...of].sort((a, b) => a - b));
    expect(roughness(noisy(picture, 20, rng))).toBeGreaterThan(roughness(noisy(picture, 5, rng)));
  });

  it('blur keeps the mean brightness to one level', () => {
    const mean = (values: Uint8Array) => values.reduce((sum, v) => sum + v, 0) / values.length;
    expect(Math.abs(mean(blurred(picture, 1.5)) - mean(picture))).toBeLessThan(1);
  });
});

describe('drawFacePairs', () => {
  it('gives crops of one size that differ, from a seed', async () => {
    const runtime = await createRuntime({ provider: 'null' });
    const settings = { seed: 3, count: 24, softShare: 0.5, size: faceScoreConfig.vision_config.image_size };
    const [pairs, again] = [await drawFacePairs(runtime, null, settings), await drawFacePairs(runtime, null, settings)];
    expect(pairs).toEqual(again);
    for (const { good, bad, soft } of pairs) {
      expect([good.width, good.height, bad.width, bad.height]).toEqual([48, 48, 48, 48]);
      expect(good.data).not.toEqual(bad.data);
      expect(soft).toBe(false);
    }
    expect(new Set(pairs.map(({ damage }) => damage)).size).toBeGreaterThan(2);
  });
});

describe('models/tiny-faces', () => {
  it('is in the layout of diffusers, every parameter of every part is there, and it is at most 12 MB', async () => {
    const vocabulary = captionVocabulary();
    const parts = [
      {
        file: 'unet/diffusion_pytorch_model.safetensors',
        config: 'unet/config.json',
        want: unetConfig,
        module: (json: Record<string, unknown>) => new UNet2DCondition(parseUNetConfig(json)),
      },
      {
        file: 'vae/diffusion_pytorch_model.safetensors',
        config: 'vae/config.json',
        want: autoencoderConfig,
        module: (json: Record<string, unknown>) => new AutoencoderKL(parseAutoencoderConfig(json)),
      },
      {
        file: 'text_encoder/model.safetensors',
        config: 'text_encoder/config.json',
        want: { ...textEncoderConfig, vocab_size: Object.keys(vocabulary.vocab).length },
        module: (json: Record<string, unknown>) => new ClipText(parseClipTextConfig(json)),
      },
      {
        file: 'face_score/model.safetensors',
        config: 'face_score/config.json',
        want: fullScoreConfig(),
        module: (json: Record<string, unknown>) => new BlipReward(parseBlipRewardConfig(json)),
      },
    ];
    for (const { file, config, want, module } of parts) {
      const json = await readJson(join(models, config));
      expect(json).toMatchObject(want);
      checkWeights(module(json), (await readSafetensorsHeader(join(models, file))).tensors, { file });
    }
    expect(await readJson(join(models, 'scheduler/scheduler_config.json'))).toEqual(schedulerConfig);
    expect(parseNoiseSchedule(schedulerConfig).prediction).toBe('epsilon');
    expect(await readJson(join(models, 'tokenizer/vocab.json'))).toEqual(vocabulary.vocab);
    expect(scoreVocabulary()).toHaveLength((fullScoreConfig()['text_config'] as { vocab_size: number }).vocab_size);
    for (const file of ['face_detector/face_detector.onnx', 'features/features.onnx', 'README.md'])
      expect(existsSync(join(models, file)), file).toBe(true);
    const bytes = readdirSync(models, { recursive: true, withFileTypes: true }).reduce(
      (sum, entry) => sum + (entry.isFile() ? statSync(join(entry.parentPath, entry.name)).size : 0),
      0,
    );
    expect(bytes).toBeLessThanOrEqual(12_000_000);
  });

  it('has a LoRA for each that is trained, which fits the U-Net, adds something and says what it is', async () => {
    const unet = new UNet2DCondition(parseUNetConfig(await readJson(join(models, 'unet/config.json'))));
    const targets = { unet: new Map([...unet.parameters()].map(([name, { shape }]) => [name, shape])), text_encoder: new Map() };
    const names = toyLoras.map(({ name }) => `${name}.safetensors`);
    expect(readdirSync(join(models, 'loras')).sort()).toEqual([...names].sort());
    for (const [index, name] of names.entries()) {
      const file = join(models, 'loras', name);
      const { unet: factors } = await readLora(file, targets);
      expect(factors.size).toBeGreaterThan(40);
      const ups = await readTensors(new Map([...factors].map(([weight, { up }]) => [weight, up])));
      for (const [weight, tensor] of ups) expect(Math.max(...toFloat32(weight, tensor).data.map(Math.abs)), weight).toBeGreaterThan(1e-3);
      expect((await readSafetensorsHeader(file)).metadata).toMatchObject({ 'modelspec.description': toyLoras[index]!.description });
    }
  });
});
