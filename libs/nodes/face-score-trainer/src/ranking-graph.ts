// A step of the ranking loss over face crops as a graph.
import { bind, BlipReward } from '@facewright/models';
import type { BindOptions, BlipRewardConfig, WeightSource } from '@facewright/models';
import { input, op } from '@facewright/onnx';
import type { Value } from '@facewright/onnx';
import { rankingAccuracy, rankingLoss } from '@facewright/train';

export interface RankingGraph {
  readonly loss: Value;
  /** Share of the pairs whose good face scores higher. */
  readonly accuracy: Value;
}

/** Inputs: `pixel_values` [2 n, 3, size, size] with the good crops first, `input_ids` int64 and `attention_mask` float32 [2 n, tokens]. */
export function rankingGraph(
  config: BlipRewardConfig,
  pairs: number,
  tokens: number,
  weights: WeightSource,
  options: BindOptions = {},
): RankingGraph {
  const model = new BlipReward(config);
  const side = config.vision.imageSize;
  const rewards = model.forward(bind(model, weights, options), {
    pixel_values: input('pixel_values', 'float32', [2 * pairs, 3, side, side]),
    input_ids: input('input_ids', 'int64', [2 * pairs, tokens]),
    attention_mask: input('attention_mask', 'float32', [2 * pairs, tokens]),
  });
  const half = (start: number) => op.Slice([rewards], { starts: [start], ends: [start + pairs], axes: [0] });
  const [good, bad] = [half(0), half(pairs)];
  return { loss: rankingLoss(good, bad), accuracy: rankingAccuracy(good, bad) };
}
