// The loss of a one-stage face detector in YuNet's layout: is there a face at this cell, where is its box, where are its five points.
import { op, type Value } from '@facewright/onnx';

/** What a detector says of every cell, before any sigmoid. */
export interface DetectorOutputs {
  /** Logits [n, cells, 1]: that what is here is a face, and that there is something here. */
  readonly cls: Value;
  readonly obj: Value;
  /** [n, cells, 4]: offset of the centre from the cell's corner in cells (x, y), logarithm of width and height in cells. */
  readonly bbox: Value;
  /** [n, cells, 10]: offsets of five points from the cell's corner in cells (x, y each). */
  readonly kps: Value;
}

export interface DetectorTargets {
  /** 1 at cells that answer for a face, else 0: [n, cells, 1]. */
  readonly positive: Value;
  /** As the outputs of the same names; whatever at other cells. */
  readonly bbox: Value;
  readonly kps: Value;
}

/** Cross-entropy of logits against 0 or 1: softplus(x) - x target, finite for any logit. Elementwise. */
export function logisticLoss(logits: Value, target: Value): Value {
  return op.Sub([op.Softplus([logits]), op.Mul([logits, target])]);
}

/** Huber's loss with threshold 1, elementwise: e²/2 below, |e| - 1/2 above. */
export function smoothL1(prediction: Value, target: Value): Value {
  const size = op.Abs([op.Sub([prediction, target])]);
  const near = op.Min([size, 1]);
  return op.Sub([op.Mul([near, size]), op.Mul([op.Mul([near, near]), 0.5])]);
}

export interface DetectorLossWeights {
  readonly box: number;
  readonly points: number;
}

/**
 * Sum over cells of the logistic losses of `cls` and `obj`, and over positive cells of the smooth L1 of box and points, all per positive cell; a scalar.
 * The usual sum of a one-stage detector, with smooth L1 in place of YuNet's EIoU for the box.
 */
export function detectorLoss(outputs: DetectorOutputs, targets: DetectorTargets, weights: DetectorLossWeights): Value {
  const { positive } = targets;
  const total = (x: Value): Value => op.ReduceSum([x], { axes: [0, 1, 2], keepdims: false });
  const count = op.Max([total(positive), 1]);
  const logistic = op.Add([total(logisticLoss(outputs.cls, positive)), total(logisticLoss(outputs.obj, positive))]);
  const box = total(op.Mul([smoothL1(outputs.bbox, targets.bbox), positive]));
  const points = total(op.Mul([smoothL1(outputs.kps, targets.kps), positive]));
  return op.Div([op.Add([logistic, op.Add([op.Mul([box, weights.box]), op.Mul([points, weights.points])])]), count]);
}
