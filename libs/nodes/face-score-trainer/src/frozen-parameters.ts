// Which parameters of a BLIP reward model stay as they are while it is trained: the rule of ImageReward's training code.
import { BlipReward } from '@facewright/models';
import type { BlipRewardConfig } from '@facewright/models';

/**
 * Names of the frozen parameters for a share of the layers in [0, 1]: of the text encoder and of the vision transformer all parameters in order, up to and including
 * the first of layer number trunc(layers x share), counted from 0; all where there is no such layer. The projections of BLIP's own training are always frozen, the head never.
 * A share of 0 freezes nothing but the projections. ImageReward trains with 0.7, which is layer 8 of 12 and block 16 of 24.
 */
export function frozenParameters(config: BlipRewardConfig, share: number): ReadonlySet<string> {
  const names = [...new BlipReward(config).parameters()].map(([name]) => name);
  const frozen = names.filter((name) => name.includes('_proj.'));
  if (share > 0) {
    const upTo = (encoder: string, layers: string, count: number): string[] => {
      const own = names.filter((name) => name.startsWith(`${encoder}.`));
      const last = own.findIndex((name) => name.startsWith(`${encoder}.${layers}.${Math.trunc(count * share)}.`));
      return last < 0 ? own : own.slice(0, last + 1);
    };
    frozen.push(...upTo('blip.text_encoder', 'encoder.layer', config.text.layers));
    frozen.push(...upTo('blip.visual_encoder', 'blocks', config.vision.layers));
  }
  return new Set(frozen);
}
