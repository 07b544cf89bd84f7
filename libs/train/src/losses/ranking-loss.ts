// The loss that a score is trained with: the good one of each pair is to score above the bad one.
import { mean as meanOf, op, type Value } from '@facewright/onnx';

/** mean -log sigmoid(good - bad) (arXiv 2406.17100; Bradley and Terry 1952), of scores [n] or [n, 1]; a scalar. Written as softplus(bad - good), which stays finite. */
export function rankingLoss(good: Value, bad: Value): Value {
  return meanOf(op.Softplus([op.Sub([bad, good])]));
}

/** Share of pairs whose good one scores above the bad one, in [0, 1]; a tie counts as wrong. A scalar without gradient. */
export function rankingAccuracy(good: Value, bad: Value): Value {
  return meanOf(op.Cast([op.Greater([good, bad])], { to: 'float32' }));
}
