// LoRA files: each spelling names the same weights, and what does not fit is named.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { float32, type Shape, type Tensor } from '@facewright/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import { readTensors } from '../stored-tensor.ts';
import { writeSafetensors } from '../safetensors/write.ts';
import { loraContent } from './lora-content.ts';
import { readLora, type LoraAliases, type LoraFactors, type LoraTargets } from './read-lora.ts';

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
async function read(
  tensors: Record<string, Tensor>,
  metadata: Record<string, string> = {},
  to: LoraTargets = targets,
  aliases?: LoraAliases,
) {
  const file = join(folder, `${count++}.safetensors`);
  await writeSafetensors(file, new Map(Object.entries(tensors)), metadata);
  return readLora(file, to, aliases);
}
const pair = (layer: string, inputs: number, outputs: number): Record<string, Tensor> => ({
  [`${layer}.lora_down.weight`]: ramp([2, inputs], 1),
  [`${layer}.lora_up.weight`]: ramp([outputs, 2], 1),
});
const [down, up] = [ramp([2, 3], 1), ramp([4, 2], 100)];

describe('LoRA files', () => {
  it.each<[string, string, string]>([
    ['PEFT', `unet.${layer}.to_q.lora_A.weight`, `unet.${layer}.to_q.lora_B.weight`],
    ['diffusers', `unet.${layer}.to_q.lora.down.weight`, `unet.${layer}.to_q.lora.up.weight`],
    ["diffusers' first", `unet.${layer}.processor.to_q_lora.down.weight`, `unet.${layer}.processor.to_q_lora.up.weight`],
    ['PEFT around a U-Net', `base_model.model.${layer}.to_q.lora_A.weight`, `base_model.model.${layer}.to_q.lora_B.weight`],
    [
      'PEFT in a pipeline',
      `unet.base_model.model.${layer}.to_q.lora_A.default.weight`,
      `unet.base_model.model.${layer}.to_q.lora_B.default.weight`,
    ],
    ["diffusers' very first", `${layer}.processor.to_q_lora.down.weight`, `${layer}.processor.to_q_lora.up.weight`],
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
      [
        [
          'lora_te1_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight',
          'lora_te1_text_model_encoder_layers_0_self_attn_q_proj.lora_up.weight',
        ],
        'text_model.encoder.layers.0.self_attn.q_proj.weight',
      ],
      [
        [
          'base_model.model.encoder.layers.0.self_attn.q_proj.lora_A.weight',
          'base_model.model.encoder.layers.0.self_attn.q_proj.lora_B.weight',
        ],
        'text_model.encoder.layers.0.self_attn.q_proj.weight',
      ],
      [
        [
          'text_encoder.text_model.encoder.layers.0.self_attn.to_q_lora.down.weight',
          'text_encoder.text_model.encoder.layers.0.self_attn.to_q_lora.up.weight',
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
    expect(await scale({ dtype: 'int64', dims: [], data: BigInt64Array.of(6n) })).toBe(3);
    await expect(scale(float32([], [Number.POSITIVE_INFINITY]))).rejects.toThrow('expected a finite alpha');
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

  it('are read for both text encoders of SDXL', async () => {
    const both = { ...targets, text_encoder_2: new Map([['text_model.encoder.layers.1.mlp.fc1.weight', [8, 6] as Shape]]) };
    for (const name of ['lora_te2_text_model_encoder_layers_1_mlp_fc1', 'text_encoder_2.text_model.encoder.layers.1.mlp.fc1']) {
      const [down, up] = name.includes('.') ? ['lora_A', 'lora_B'] : ['lora_down', 'lora_up'];
      const lora = await read({ [`${name}.${down}.weight`]: ramp([2, 6], 0), [`${name}.${up}.weight`]: ramp([8, 2], 0) }, {}, both);
      expect([...lora.text_encoder_2.keys()]).toEqual(['text_model.encoder.layers.1.mlp.fc1.weight']);
      expect(lora.text_encoder.size).toBe(0);
    }
  });

  it('are read by the names of single-file checkpoints where these are told', async () => {
    const aliases = { unet: new Map([['input_blocks.1.1.transformer_blocks.0.attn1.to_q', `${layer}.to_q.weight`]]) };
    const { unet } = await read(pair('lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q', 3, 4), {}, targets, aliases);
    expect([...unet.keys()]).toEqual([`${layer}.to_q.weight`]);
  });

  it.each([
    ['DoRA', `${layer}.to_q.dora_scale`],
    ['LoHa', 'lora_unet_mid_block_attentions_0_proj_in.hada_w1_a'],
    ['LoKr', 'lora_unet_mid_block_attentions_0_proj_in.lokr_w1'],
    ['LoCon with a CP-decomposed convolution', 'lora_unet_conv_in.lora_mid.weight'],
  ])('say that they are %s, in one line', async (kind, key) => {
    const reading = read({ ...pair('lora_unet_conv_out', 2, 2), [key]: ramp([2, 2], 0) });
    await expect(reading).rejects.toMatchObject({ code: 'WEIGHTS_LORA' });
    await expect(reading).rejects.toThrow(
      new RegExp(`got 1 problem\\(s\\):\n {2}the file is ${kind.replace(/[()]/g, '.')}: expected plain LoRA.*got ${key} and 0 more`),
    );
  });

  it('for other kinds of models say so first, then name a few keys and count the rest', async () => {
    const sd1 = { ...targets, unet: new Map([...targets.unet, [`${layer.replace('attn1', 'attn2')}.to_k.weight`, [8, 768] as Shape]]) };
    const names = Array.from({ length: 50 }, (_, i) => `lora_unet_input_blocks_4_1_transformer_blocks_${i}_attn2_to_k`);
    const xl = Object.assign({}, ...names.map((name) => pair(name, 2048, 64)));
    const message: string = await read(xl, {}, sd1).then(
      () => '',
      (error: Error) => error.message,
    );
    const lines = message.split('\n');
    expect(lines[1]).toBe('  the file looks like a LoRA for SDXL: its text features have width 2048, those of this model 768');
    expect(lines).toHaveLength(6);
    expect(lines[2]).toContain('expected a layer of the unet, got input_blocks_4_1_transformer_blocks_0_attn2_to_k');
    expect(lines[5]).toBe('  and 97 more like these');
    await expect(read(pair('lora_unet_double_blocks_0_img_attn_qkv', 8, 8), {}, sd1)).rejects.toThrow('looks like a LoRA for FLUX');
    await expect(read(pair('lora_te2_text_model_encoder_layers_0_self_attn_q_proj', 8, 8), {}, sd1)).rejects.toThrow(
      'looks like a LoRA for SDXL: it has layers such as lora_te2_',
    );
  });

  it('are read back as they were written', async () => {
    const file = join(folder, 'written.safetensors');
    const content = loraContent({ unet: new Map([[`${layer}.to_q.weight`, { down, up }]]) }, 4);
    await writeSafetensors(file, content.tensors, content.metadata);
    const { unet } = await readLora(file, targets);
    const factors = unet.get(`${layer}.to_q.weight`)!;
    expect(factors.scale).toBe(2);
    expect((await readTensors(new Map([['up', factors.up]]))).get('up')).toEqual(up);
  });
});

const reference = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/lora.json'), 'utf8')) as {
  readonly shapes: { readonly unet: Record<string, Shape>; readonly text_encoder: Record<string, Shape> };
  readonly cases: readonly {
    readonly file: string;
    readonly deltas: Record<'unet' | 'text_encoder', Record<string, { shape: Shape; largest: number; some: { float32: string } }>>;
  }[];
};
/** scale * up @ down, row by row. */
async function additionOf({ down, up, scale }: LoraFactors): Promise<Float32Array> {
  const read = await readTensors(
    new Map([
      ['down', down],
      ['up', up],
    ]),
  );
  const [a, b] = [read.get('down')!, read.get('up')!].map(({ data }) => data as Float32Array) as [Float32Array, Float32Array];
  const rank = down.shape[0]!;
  const [outputs, inputs] = [b.length / rank, a.length / rank];
  const sum = new Float32Array(outputs * inputs);
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++) for (let r = 0; r < rank; r++) sum[o * inputs + i]! += scale * b[o * rank + r]! * a[r * inputs + i]!;
  return sum;
}

describe('LoRA files beside diffusers', () => {
  const { unet, text_encoder } = reference.shapes;
  const tiny = { unet: new Map(Object.entries(unet)), text_encoder: new Map(Object.entries(text_encoder)) };
  // The reference is a difference of fused weights about 1 in size, so it is only as exact as float32 there: 2^-24 each, with room for the sums.
  const tolerance = 1e-6;
  it.each(reference.cases)('change the same weights by the same amounts: $file', async ({ file, deltas }) => {
    const lora = await readLora(join(import.meta.dirname, '../fixtures/lora', file), tiny);
    for (const part of ['unet', 'text_encoder'] as const) {
      expect([...lora[part].keys()].sort()).toEqual(Object.keys(deltas[part]).sort());
      for (const [weight, { shape, largest, some }] of Object.entries(deltas[part])) {
        const addition = await additionOf(lora[part].get(weight)!);
        const bytes = Buffer.from(some.float32, 'base64');
        const step = Math.max(1, Math.floor(addition.length / 24));
        expect(addition.length).toBe(shape.reduce((a, b) => a * b, 1));
        expect(Math.abs(Math.max(...addition.map(Math.abs)) - largest), weight).toBeLessThan(tolerance);
        for (let i = 0; i * 4 < bytes.length; i++)
          expect(Math.abs(addition[i * step]! - bytes.readFloatLE(4 * i)), `${weight} ${i}`).toBeLessThan(tolerance);
      }
    }
  });
});
