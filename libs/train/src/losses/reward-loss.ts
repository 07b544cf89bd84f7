// The loss of reward feedback learning: what a reward network says of the picture that the model sees is to rise to a margin.
import { mean as meanOf, op, type Value } from '@facewright/onnx';

export interface RewardLossSettings {
  /** Rewards count (reward - mean) / deviation. */
  readonly mean: number;
  readonly deviation: number;
  /** Above it a picture is good enough and teaches nothing. */
  readonly margin: number;
  readonly scale: number;
}

export interface RewardTerms {
  readonly loss: Value;
  /** Mean of the rescaled rewards. */
  readonly reward: Value;
}

/** scale mean relu(margin - (rewards - mean) / deviation), rewards [n]. */
export function rewardLoss(rewards: Value, { mean, deviation, margin, scale }: RewardLossSettings): RewardTerms {
  const normal = op.Div([op.Sub([rewards, mean]), deviation]);
  return { loss: op.Mul([meanOf(op.Relu([op.Sub([margin, normal])])), scale]), reward: meanOf(normal) };
}
