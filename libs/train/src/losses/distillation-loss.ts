// Learning what another model says: cross-entropy with its probabilities.
import { mean as meanOf, op, type Value } from '@facewright/onnx';

/**
 * mean_n - sum_k targets log softmax(logits / temperature) over rows [n, k] (Hinton et al. 2015, arXiv 1503.02531, eq. 1; the loss of DINO, arXiv 2104.14294, eq. 2,
 * whose targets are a teacher's centred and sharpened softmax). A scalar. Rows of `targets` sum to 1; no gradient is to be taken through them.
 */
export function distillationLoss(logits: Value, targets: Value, temperature: number): Value {
  const said = op.LogSoftmax([op.Div([logits, temperature])], { axis: -1 });
  return op.Neg([meanOf(op.ReduceSum([op.Mul([targets, said])], { axes: [1], keepdims: false }))]);
}
