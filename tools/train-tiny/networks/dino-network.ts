// A small vision transformer with the projection head of DINO (Caron et al. 2021, arXiv 2104.14294, appendix C) and one that draws a sketch: only the transformer is kept.
import { Linear, Module, VisionTransformer, type Binding } from '@facewright/models';
import { op, type Value } from '@facewright/onnx';
import { dinoConfig } from '../configs.ts';

/** Directions that the student is to tell apart as the teacher does. */
export const PROTOTYPES = 128;
/** Side of the sketch that the features are also to draw. */
export const SKETCH = 16;
const [HIDDEN, BOTTLENECK] = [128, 32];

const unit = (x: Value): Value => op.Div([x, op.Sqrt([op.Add([op.ReduceSum([op.Mul([x, x])], { axes: [1], keepdims: true }), 1e-12])])]);

class Head extends Module {
  readonly mlp: readonly Linear[];
  readonly last_layer: Linear;
  constructor() {
    super();
    this.mlp = [new Linear(dinoConfig.hidden_size, HIDDEN), new Linear(HIDDEN, HIDDEN), new Linear(HIDDEN, BOTTLENECK)];
    this.last_layer = new Linear(BOTTLENECK, PROTOTYPES, { bias: false });
  }
  /** Features [n, width] to cosines with the prototypes [n, prototypes]. */
  forward(b: Binding, features: Value): Value {
    const bottleneck = this.mlp.reduce((x, layer, i) => layer.forward(b, i > 0 ? op.Gelu([x]) : x), features);
    return op.Gemm([unit(bottleneck), unit(b.value(this.last_layer.weight))], { transB: true });
  }
}

export class DinoNetwork extends Module {
  readonly backbone: VisionTransformer;
  readonly head: Head;
  readonly sketch: Linear;
  constructor() {
    super();
    this.backbone = new VisionTransformer({
      imageSize: dinoConfig.image_size,
      patchSize: dinoConfig.patch_size,
      width: dinoConfig.hidden_size,
      mlpWidth: dinoConfig.intermediate_size,
      layers: dinoConfig.num_hidden_layers,
      heads: dinoConfig.num_attention_heads,
      normEpsilon: dinoConfig.layer_norm_eps,
    });
    this.head = new Head();
    this.sketch = new Linear(dinoConfig.hidden_size, SKETCH ** 2);
  }
  /** Pictures [n, 3, 64, 64], normalised, to features of the whole picture [n, width]. */
  features(b: Binding, pixels: Value): Value {
    return this.backbone.whole(b, pixels);
  }
  /** What self-distillation compares, [n, prototypes], and the sketch that the features draw of the same picture, [n, sketch²]. */
  forward(b: Binding, pixels: Value): { readonly said: Value; readonly sketch: Value } {
    const features = this.features(b, pixels);
    return { said: this.head.forward(b, features), sketch: this.sketch.forward(b, features) };
  }
}
