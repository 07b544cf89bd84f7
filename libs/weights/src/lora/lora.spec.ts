// LoRA files: each spelling names the same weights, and what does not fit is named.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { float32, type Tensor } from '@facewright/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import { readTensors } from '../stored-tensor.ts';
import { writeSafetensors } from '../safetensors/write.ts';
import { readLora } from './read-lora.ts';
import { writeLora } from './write-lora.ts';

const folder = mkdtempSync(join(tmpdir(), 'lora-'));
afterAll(() => rmSync(folder, { recursive: true }));
const layer = 'down_blocks.0.attentions.0.transformer_blocks.0.attn1';
const targets = {
  unet: new Map([
    [`${layer}.to_q.weight`, [4, 3]],
    [`${layer}.to_out.0.weight`, [4, 4]],
    ['mid_block.attentions.0.proj_in.weight', [5, 4, 1, 1]],
    ['conv_in.weight', [4, 3, 3, 3]],
    ['conv_in.bias', [4]],
  ]),
  text_encoder: new Map([['text_model.encoder.layers.0.self_attn.q_proj.weight', [6, 6]]]),
};
const ramp = (dims: readonly number[], from: number): Tensor =>
  float32(
    dims,
    Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => from + i),
  );
let count = 0;
async function read(tensors: Record<string, Tensor>, metadata: Record<string, string> = {}) {
  const file = join(folder, `${count++}.safetensors`);
  await writeSafetensors(file, new Map(Object.entries(tensors)), metadata);
  return readLora(file, targets);
}
const [down, up] = [ramp([2, 3], 1), ramp([4, 2], 100)];

describe('LoRA files', () => {
  it.each<[string, string, string]>([
    ['PEFT', `unet.${layer}.to_q.lora_A.weight`, `unet.${layer}.to_q.lora_B.weight`],
    ['diffusers', `unet.${layer}.to_q.lora.down.weight`, `unet.${layer}.to_q.lora.up.weight`],
    ["diffusers' first", `unet.${layer}.processor.to_q_lora.down.weight`, `unet.${layer}.processor.to_q_lora.up.weight`],
    [
      'kohya',
      `lora_unet_${layer.replaceAll('.', '_')}_to_q.lora_down.weight`,
      `lora_unet_${layer.replaceAll('.', '_')}_to_q.lora_up.weight`,
    ],
  ])('are read in the spelling of %s', async (_, downName, upName) => {
    const { unet, text_encoder } = await read({ [downName]: down, [upName]: up });
    expect(text_encoder.size).toBe(0);
    expect([...unet.keys()]).toEqual([`${layer}.to_q.weight`]);
    const factors = unet.get(`${layer}.to_q.weight`)!;
    expect(factors.scale).toBe(1);
    expect(
      await readTensors(
        new Map([
          ['down', factors.down],
          ['up', factors.up],
        ]),
      ),
    ).toEqual(
      new Map([
        ['down', down],
        ['up', up],
      ]),
    );
  });

  it('are read for text encoders and output projections', async () => {
    const square = (part: number) => ({ down: ramp([2, part], 0), up: ramp([part, 2], 0) });
    for (const [names, weight] of [
      [
        [
          'text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_linear_layer.down.weight',
          'text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_linear_layer.up.weight',
        ],
        'text_model.encoder.layers.0.self_attn.q_proj.weight',
      ],
      [
        [
          'lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight',
          'lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_up.weight',
        ],
        'text_model.encoder.layers.0.self_attn.q_proj.weight',
      ],
    ] as const)
      expect([...(await read({ [names[0]]: square(6).down, [names[1]]: square(6).up })).text_encoder.keys()]).toEqual([weight]);
    const { unet } = await read({
      [`unet.${layer}.processor.to_out_lora.down.weight`]: square(4).down,
      [`unet.${layer}.processor.to_out_lora.up.weight`]: square(4).up,
    });
    expect([...unet.keys()]).toEqual([`${layer}.to_out.0.weight`]);
  });

  it('count alpha / rank where the file says alpha, in any float type, and 1 where it does not', async () => {
    const name = `lora_unet_${layer.replaceAll('.', '_')}_to_q`;
    const scale = async (alpha: Tensor) =>
      (await read({ [`${name}.lora_down.weight`]: down, [`${name}.lora_up.weight`]: up, [`${name}.alpha`]: alpha })).unet.get(
        `${layer}.to_q.weight`,
      )!.scale;
    expect(await scale(float32([], [8]))).toBe(4);
    expect(await scale({ dtype: 'float16', dims: [], data: Uint16Array.of(0x3800) })).toBe(0.25);
    expect(await scale({ dtype: 'bfloat16', dims: [], data: Uint16Array.of(0x3f80) })).toBe(0.5);
    expect(await scale(float32([], [0]))).toBe(1);
    const peft = { [`unet.${layer}.to_q.lora_A.weight`]: down, [`unet.${layer}.to_q.lora_B.weight`]: up };
    expect(
      (await read(peft, { lora_adapter_metadata: JSON.stringify({ 'unet.r': 2, 'unet.lora_alpha': 6 }) })).unet.get(`${layer}.to_q.weight`)!
        .scale,
    ).toBe(3);
    expect(
      (
        await read(peft, { lora_adapter_metadata: JSON.stringify({ 'unet.lora_alpha': 6, 'unet.alpha_pattern': { 'attn1.to_q': 1 } }) })
      ).unet.get(`${layer}.to_q.weight`)!.scale,
    ).toBe(0.5);
  });

  it('take linear factors for 1x1 convolutions, and factors with a kernel', async () => {
    const { unet } = await read({
      'unet.mid_block.attentions.0.proj_in.lora_A.weight': ramp([2, 4], 0),
      'unet.mid_block.attentions.0.proj_in.lora_B.weight': ramp([5, 2], 0),
      'unet.conv_in.lora_A.weight': ramp([2, 3, 3, 3], 0),
      'unet.conv_in.lora_B.weight': ramp([4, 2, 1, 1], 0),
    });
    expect(unet.get('mid_block.attentions.0.proj_in.weight')).toMatchObject({ down: { shape: [2, 4, 1, 1] }, up: { shape: [5, 2, 1, 1] } });
    expect(unet.get('conv_in.weight')).toMatchObject({ down: { shape: [2, 3, 3, 3] }, up: { shape: [4, 2, 1, 1] } });
  });

  it('are refused with every name that does not fit', async () => {
    const reading = read({
      'unet.conv_out.lora_A.weight': down,
      'conv_in.weight': down,
      [`unet.${layer}.to_q.lora_A.weight`]: ramp([2, 7], 0),
      [`unet.${layer}.to_q.lora_B.weight`]: up,
      [`unet.${layer}.to_out.0.lora_A.weight`]: down,
    });
    await expect(reading).rejects.toMatchObject({ code: 'WEIGHTS_LORA' });
    for (const words of [
      'unet.conv_out.lora_A.weight: expected a layer of the unet, got conv_out',
      'conv_in.weight: expected the name of a LoRA factor',
      'to_q.lora_A.weight: expected factors of a weight [4, 3], got [2, 7] and [4, 2]',
      'to_out.0.lora_A.weight: expected two factors, got only down',
    ]) {
      await expect(reading).rejects.toThrow(words);
    }
    await expect(read({})).rejects.toThrow('expected LoRA factors, got none');
    await expect(read({}, { lora_adapter_metadata: JSON.stringify({ 'unet.use_dora': true }) })).rejects.toThrow(
      'unet.use_dora: expected plain LoRA',
    );
  });

  it('are read back as they were written', async () => {
    const file = join(folder, 'written.safetensors');
    await writeLora(file, { unet: new Map([[`${layer}.to_q.weight`, { down, up }]]) }, 4);
    const { unet } = await readLora(file, targets);
    const factors = unet.get(`${layer}.to_q.weight`)!;
    expect(factors.scale).toBe(2);
    expect((await readTensors(new Map([['up', factors.up]]))).get('up')).toEqual(up);
  });
});
