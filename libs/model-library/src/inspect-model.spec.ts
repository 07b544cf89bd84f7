import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectModel } from './inspect-model.ts';

const keys = join(import.meta.dirname, '../../../../shared/data/keys');
const tinySet = join(import.meta.dirname, '../../../models/tiny-faces');
const hasKeys = existsSync(keys);
if (!hasKeys) console.warn(`No key lists at ${keys}: the specs of whole checkpoints are SKIPPED.`);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inspect-spec-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A file of zeros with a real header: the data is a hole that takes no room on the disk. */
function safetensors(name: string, tensors: Iterable<readonly [string, readonly number[]]>, { metadata = {}, dtype = 'F16' } = {}): string {
  const entries: [string, unknown][] = [['__metadata__', metadata]];
  let end = 0;
  for (const [key, shape] of tensors) {
    const begin = end;
    end += shape.reduce((product, size) => product * size, 1) * (dtype === 'F16' ? 2 : 4);
    entries.push([key, { dtype, shape, data_offsets: [begin, end] }]);
  }
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.concat([length, header]));
  truncateSync(path, 8 + header.length + end);
  return path;
}
const listed = (part: string) =>
  readFileSync(join(keys, `sd15_${part}_ldm_keys.txt`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t') as [string, string])
    .map(([key, shape]) => [key, JSON.parse(shape) as number[]] as const);

describe.skipIf(!hasKeys)('a checkpoint', () => {
  it('is told by its keys, with parts, element types, averaged weights and what it lacks', async () => {
    const path = safetensors('no-vae.safetensors', [
      ...listed('unet'),
      ...listed('clip_text'),
      ['model_ema.diffusion_modelout0bias', [320]],
    ]);
    const report = await inspectModel(path);
    expect(report).toMatchObject({ format: 'safetensors', kind: 'sd1', lacks: ['VAE'], ema: true, problems: [], lora: null });
    expect(report.parts.map(({ name, parameters, dtypes }) => [name, parameters, dtypes])).toEqual([
      ['U-Net', 859_520_964, { float16: 859_520_964 }],
      ['text encoder', expect.any(Number), expect.any(Object)],
      ['averaged weights (EMA)', 320, { float16: 320 }],
    ]);
    expect(report.parts[1]!.parameters).toBeGreaterThanOrEqual(123_060_480);
  });
  it('names everything that is missing and misshapen as the file spells it', async () => {
    const tensors = [...listed('unet'), ...listed('vae'), ...listed('clip_text')]
      .filter(([key]) => key !== 'model.diffusion_model.out.2.bias')
      .map(([key, shape]) => [key, key === 'first_stage_model.decoder.conv_out.bias' ? [4] : shape] as const);
    const { kind, problems } = await inspectModel(safetensors('broken.safetensors', tensors));
    expect(kind).toBe('sd1');
    expect(problems).toEqual([
      expect.stringMatching(/missing.*model\.diffusion_model\.out\.2\.bias/),
      expect.stringMatching(/misshapen.*first_stage_model\.decoder\.conv_out\.bias/),
    ]);
  });
});

describe('a LoRA', () => {
  const layer = 'lora_unet_down_blocks_0_attentions_0_proj_in';
  it('tells ranks, base model and words: the trigger, else the most frequent tags', async () => {
    const metadata = {
      ss_sd_model_name: 'realistic.safetensors',
      ss_tag_frequency: JSON.stringify({ a: { face: 2, 'red hair': 9 }, b: { face: 8 } }),
    };
    const tensors = [
      [`${layer}.lora_down.weight`, [8, 320]],
      [`${layer}.lora_up.weight`, [320, 8]],
      [`${layer}.alpha`, []],
      ['lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight', [4, 768]],
      ['lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight', [3072, 4]],
    ] as const;
    const report = await inspectModel(safetensors('lora.safetensors', tensors, { metadata, dtype: 'F32' }));
    expect(report).toMatchObject({
      kind: 'lora',
      lora: { ranks: [4, 8], alphas: [0], base: 'realistic.safetensors', words: ['face', 'red hair'] },
    });
    expect(report.parts.map(({ name, tensors: count }) => [name, count])).toEqual([
      ['text encoder', 2],
      ['U-Net', 3],
    ]);
    const triggered = safetensors('trigger.safetensors', tensors, {
      metadata: { ...metadata, 'modelspec.trigger_phrase': 'mystyle, soft' },
    });
    expect((await inspectModel(triggered)).lora!.words).toEqual(['mystyle', 'soft']);
  });
  it('whose metadata is not readable is described without it; PEFT files state alpha there', async () => {
    const tensors = [
      ['unet.a.to_q.lora_A.weight', [8, 320]],
      ['unet.a.to_q.lora_B.weight', [320, 8]],
    ] as const;
    const bad = safetensors('bad.safetensors', tensors, { metadata: { ss_tag_frequency: '{', lora_adapter_metadata: '[' } });
    expect((await inspectModel(bad)).lora).toEqual({ ranks: [8], alphas: [], base: null, words: [] });
    const peft = safetensors('peft.safetensors', tensors, {
      metadata: { lora_adapter_metadata: JSON.stringify({ 'unet.lora_alpha': 16 }) },
    });
    expect((await inspectModel(peft)).lora!.alphas).toEqual([16]);
  });
});

describe('a folder', () => {
  it('lists the components of its index; a scorer is one component', async () => {
    const report = await inspectModel(tinySet);
    expect(report).toMatchObject({ format: 'folder', title: 'StableDiffusionPipeline', problems: [] });
    expect(report.parts.map(({ name }) => name).sort()).toEqual([
      'text_encoder/model.safetensors',
      'unet/diffusion_pytorch_model.safetensors',
      'vae/diffusion_pytorch_model.safetensors',
    ]);
    expect(await inspectModel(join(tinySet, 'face_score'))).toMatchObject({ kind: 'face-score', parts: [{ name: 'model.safetensors' }] });
  });
  it('names everything that is missing', async () => {
    const at = join(folder, 'half');
    safetensors('half/unet/diffusion_pytorch_model.fp16.safetensors', [['conv_in.weight', [4]]]);
    writeFileSync(join(at, 'unet/config.json'), JSON.stringify({ cross_attention_dim: 768, in_channels: 9 }));
    mkdirSync(join(at, 'tokenizer'));
    mkdirSync(join(at, 'vae'));
    writeFileSync(join(at, 'vae/model.onnx'), 'graph');
    writeFileSync(
      join(at, 'model_index.json'),
      JSON.stringify({
        _class_name: 'StableDiffusionInpaintPipeline',
        unet: ['diffusers', 'UNet2DConditionModel'],
        vae: ['diffusers', 'OnnxRuntimeModel'],
        tokenizer: ['transformers', 'CLIPTokenizer'],
        text_encoder: ['transformers', 'CLIPTextModel'],
        safety_checker: [null, null],
      }),
    );
    const report = await inspectModel(at);
    expect([report.kind, report.problems]).toEqual([
      'sd1-inpainting',
      ['missing: tokenizer/vocab.json', 'missing: tokenizer/merges.txt', 'missing: text_encoder/'],
    ]);
    expect(report.parts.map(({ name }) => name)).toEqual([
      'unet/diffusion_pytorch_model.fp16.safetensors',
      'vae/model.onnx, an ONNX graph',
    ]);
  });
  it('without any model, and a path with nothing, are said to be none', async () => {
    mkdirSync(join(folder, 'empty'));
    for (const path of ['empty', 'absent'])
      await expect(inspectModel(join(folder, path))).rejects.toMatchObject({ code: 'LIBRARY_NO_MODEL' });
  });
});

it('a damaged file is refused by the reader, with its name', async () => {
  const path = join(folder, 'short.safetensors');
  writeFileSync(path, 'xx');
  await expect(inspectModel(path)).rejects.toMatchObject({ code: 'WEIGHTS_SAFETENSORS', message: expect.stringContaining(path) });
});
