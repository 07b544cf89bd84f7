// Feature maps as rows of tokens, one per pixel, and back.
import { op, type Value } from '@facewright/onnx';
import { reshape } from './layers.ts';

/** [n, c, h, w] to [n, h * w, c]. */
export function toTokens(x: Value): Value {
  const [n = 0, c = 0, h = 0, w = 0] = x.shape;
  return op.Transpose([reshape(x, [n, c, h * w])], { perm: [0, 2, 1] });
}

/** [n, h * w, c] to [n, c, h, w]. */
export function fromTokens(x: Value, height: number, width: number): Value {
  const [n = 0, , c = 0] = x.shape;
  return reshape(op.Transpose([x], { perm: [0, 2, 1] }), [n, c, height, width]);
}
