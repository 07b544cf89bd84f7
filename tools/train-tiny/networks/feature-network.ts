// The network whose 64 features the Evaluator's Fréchet distance is taken on: a regressor of what a picture shows.
import { Linear, Module, reshape, type Binding } from '@facewright/models';
import { silu, type Value } from '@facewright/onnx';
import { SIDE } from '../face-set.ts';
import { ConvBlock } from './conv-block.ts';

export const FEATURES = 64;

export class FeatureNetwork extends Module {
  readonly blocks: readonly ConvBlock[];
  readonly hidden: Linear;
  readonly out: Linear;
  constructor(targets: number) {
    super();
    this.blocks = [
      new ConvBlock(3, 16, 2),
      new ConvBlock(16, 32, 2),
      new ConvBlock(32, 48, 1),
      new ConvBlock(48, 64, 2),
      new ConvBlock(64, 64, 1),
      new ConvBlock(64, 64, 2),
    ];
    this.hidden = new Linear(64 * (SIDE / 16) ** 2, FEATURES);
    this.out = new Linear(FEATURES, targets);
  }
  /** Pictures [n, 3, 64, 64] in [-1, 1] to features [n, 64]. Places matter, so nothing is averaged over them. */
  features(b: Binding, picture: Value): Value {
    const x = this.blocks.reduce((y, block) => block.forward(b, y), picture);
    return silu(this.hidden.forward(b, reshape(x, [picture.shape[0] ?? 1, -1])));
  }
  forward(b: Binding, picture: Value): Value {
    return this.out.forward(b, this.features(b, picture));
  }
}
