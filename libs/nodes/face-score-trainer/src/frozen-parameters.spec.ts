// Which parameters are trained, by the names of ImageReward's checkpoint.
import { BlipReward, imageRewardConfig, parseBlipRewardConfig } from '@facewright/models';
import { expect, it } from 'vitest';
import { frozenParameters } from './frozen-parameters.ts';

const config = parseBlipRewardConfig({ ...imageRewardConfig });
const names = [...new BlipReward(config).parameters()].map(([name]) => name);
const trained = (share: number) => {
  const frozen = frozenParameters(config, share);
  return names.filter((name) => !frozen.has(name));
};

it('freezes up to and with the first parameter of text layer 8 and of vision block 16 for the share of ImageReward', () => {
  const left = trained(0.7);
  expect(left.slice(0, 3)).toEqual([
    'blip.visual_encoder.blocks.16.norm1.bias',
    'blip.visual_encoder.blocks.16.attn.qkv.weight',
    'blip.visual_encoder.blocks.16.attn.qkv.bias',
  ]);
  expect(left.filter((name) => name.startsWith('blip.text_encoder.')).slice(0, 2)).toEqual([
    'blip.text_encoder.encoder.layer.8.attention.self.query.bias',
    'blip.text_encoder.encoder.layer.8.attention.self.key.weight',
  ]);
  // counted by the rule over torch's named_parameters: 8 blocks of 12 without one, the last norm; 4 layers of 26 without one; the head
  expect(left).toHaveLength(8 * 12 - 1 + 2 + 4 * 26 - 1 + 10);
});
it('freezes only the projections for 0, the embeddings too for little, and all but the head for 1', () => {
  expect([...frozenParameters(config, 0)]).toEqual(names.filter((name) => name.includes('_proj.')));
  const little = frozenParameters(config, 0.01);
  expect(little.has('blip.text_encoder.encoder.layer.0.attention.self.query.weight')).toBe(true);
  expect(little.has('blip.text_encoder.encoder.layer.0.attention.self.query.bias')).toBe(false);
  expect(trained(1)).toEqual(names.filter((name) => name.startsWith('mlp.')));
});
