// Convolution, group normalisation, SiLU.
import { Conv2d, GroupNorm, Module, type Binding } from '@facewright/models';
import { silu, type Value } from '@facewright/onnx';

export class ConvBlock extends Module {
  readonly conv: Conv2d;
  readonly norm: GroupNorm;
  constructor(inputs: number, outputs: number, stride: 1 | 2) {
    super();
    this.conv = new Conv2d(inputs, outputs, { kernel: 3, stride, padding: 1 });
    this.norm = new GroupNorm(8, outputs, 1e-5);
  }
  forward(b: Binding, x: Value): Value {
    return silu(this.norm.forward(b, this.conv.forward(b, x)));
  }
}
