// A small face detector for 64x64 pictures whose outputs lie as YuNet's do.
import { bind, Conv2d, Module, reshape, type Binding, type WeightSource } from '@facewright/models';
import { input, op, type Value } from '@facewright/onnx';
import type { DetectorOutputs } from '@facewright/train';
import { SIDE } from '../face-set.ts';
import { ConvBlock } from './conv-block.ts';

export const STRIDES = [8, 16, 32] as const;
/** Cells of all strides, those of the finest first, row by row. */
export const CELLS = STRIDES.reduce((sum, stride) => sum + (SIDE / stride) ** 2, 0);

/** Values of a cell: class, object, box (4), points (10). */
const WIDTHS = [1, 1, 4, 10] as const;

export class DetectorNetwork extends Module {
  readonly stem: readonly ConvBlock[];
  readonly levels: readonly (readonly ConvBlock[])[];
  readonly heads: readonly Conv2d[];
  constructor() {
    super();
    this.stem = [new ConvBlock(3, 16, 2), new ConvBlock(16, 24, 2), new ConvBlock(24, 32, 2)];
    this.levels = [
      [new ConvBlock(32, 32, 1)],
      [new ConvBlock(32, 48, 2), new ConvBlock(48, 48, 1)],
      [new ConvBlock(48, 64, 2), new ConvBlock(64, 64, 1)],
    ];
    this.heads = [32, 48, 64].map((channels) => new Conv2d(channels, 16, { kernel: 1 }));
  }
  /** BGR pictures [n, 3, 64, 64] with values 0..255 to what each cell says, [n, cells, …]. */
  forward(b: Binding, picture: Value): DetectorOutputs {
    const n = picture.shape[0] ?? 1;
    let x = op.Div([op.Sub([picture, 127.5]), 64]);
    for (const block of this.stem) x = block.forward(b, x);
    const said = this.levels.map((blocks, i) => {
      for (const block of blocks) x = block.forward(b, x);
      const cells = (SIDE / STRIDES[i]!) ** 2;
      return op.Transpose([reshape(this.heads[i]!.forward(b, x), [n, 16, cells])], { perm: [0, 2, 1] });
    });
    const [cls, obj, bbox, kps] = op.Split([op.Concat(said, { axis: 1 })], { axis: 2, split: WIDTHS }) as [Value, Value, Value, Value];
    return { cls, obj, bbox, kps };
  }
}

/** The graph for use, in YuNet's layout: input `input` [1, 3, 64, 64], outputs cls, obj (probabilities), bbox and kps, each for strides 8, 16 and 32. */
export function detectorGraph(weights: WeightSource): Record<string, Value> {
  const network = new DetectorNetwork();
  const { cls, obj, bbox, kps } = network.forward(bind(network, weights), input('input', 'float32', [1, 3, SIDE, SIDE]));
  const sizes = STRIDES.map((stride) => (SIDE / stride) ** 2);
  const outputs: Record<string, Value> = {};
  for (const [name, value] of Object.entries({ cls: op.Sigmoid([cls]), obj: op.Sigmoid([obj]), bbox, kps })) {
    op.Split([value], { axis: 1, split: sizes }).forEach((part, i) => (outputs[`${name}_${STRIDES[i]!}`] = part));
  }
  return outputs;
}
