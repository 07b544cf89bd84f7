// Trains the feature network: a regressor of the scene's parameters, on clean procedural pictures and nothing else.
import { PARAMETER_NAMES, parametersOf } from '@facewright/node-toy-faces';
import { bind, initialize, inMemory, inputWeights, storedWeights } from '@facewright/models';
import { buildModel, input, mseLoss, trainStep, type Value } from '@facewright/onnx';
import { createRng, type RunnableModel, type Tensor } from '@facewright/tensor';
import { pixelsToTensor, SIDE, type FaceSet } from './face-set.ts';
import type { Weights } from './latents.ts';
import { FeatureNetwork } from './networks/feature-network.ts';
import { runStage, type StageContext } from './stage.ts';

const BATCH = 32;
const network = new FeatureNetwork(PARAMETER_NAMES.length);

export async function trainFeatures(
  faces: FaceSet,
  { steps, peak }: { readonly steps: number; readonly peak: number },
  context: StageContext,
): Promise<Weights> {
  if (faces.deformed.includes(1)) throw new RangeError('faces: expected clean pictures only, got some with deformed faces');
  const inputs = new Map<string, Value>();
  const picture = input('picture', 'float32', [BATCH, 3, SIDE, SIDE]);
  const target = input('target', 'float32', [BATCH, PARAMETER_NAMES.length]);
  const prediction = network.forward(bind(network, inputWeights(inputs)), picture);
  const rng = createRng(context.seed);
  const targets = faces.scenes.map(parametersOf);
  return runStage(context, {
    name: 'features',
    steps,
    peak,
    warmUp: 50,
    decay: 0.99,
    initial: initialize(network, rng),
    build: (current) =>
      trainStep({
        loss: mseLoss(prediction, target),
        parameters: [...inputs].map(([name, value]) => ({ name, value, initial: current.get(name)! })),
        maxGradientNorm: 1,
        ema: true,
      }),
    batch: () => {
      const indices = Array.from({ length: BATCH }, () => rng.integer(faces.count));
      return {
        picture: pixelsToTensor(faces.pixels, indices),
        target: { dtype: 'float32', dims: target.shape, data: Float32Array.from(indices.flatMap((i) => targets[i]!)) },
      };
    },
  });
}

/** The whole network in one file: input `image` [batch, 3, 64, 64] in [-1, 1], output `features` [batch, 64]. */
export function featuresModel(weights: Weights, batch: number): RunnableModel {
  const image = input('image', 'float32', [batch, 3, SIDE, SIDE]);
  return buildModel({ features: network.features(bind(network, storedWeights(inMemory(weights))), image) }, { inline: true });
}

/** Share of each parameter's variance that is explained, by name, over a set that training never saw. */
export async function explainedVariance(faces: FaceSet, weights: Weights, context: StageContext): Promise<Map<string, number>> {
  const image = input('image', 'float32', [BATCH, 3, SIDE, SIDE]);
  const session = await context.runtime.open(
    buildModel({ parameters: network.forward(bind(network, storedWeights(inMemory(weights))), image) }),
  );
  const said: number[][] = [];
  for (let first = 0; first + BATCH <= faces.count; first += BATCH) {
    const { parameters } = await session.run({
      image: pixelsToTensor(
        faces.pixels,
        Array.from({ length: BATCH }, (_, i) => first + i),
      ),
    });
    const { data } = parameters as Tensor<'float32'>;
    for (let n = 0; n < BATCH; n++) said.push([...data.subarray(n * PARAMETER_NAMES.length, (n + 1) * PARAMETER_NAMES.length)]);
  }
  await session.release();
  const truth = faces.scenes.slice(0, said.length).map(parametersOf);
  return new Map(
    PARAMETER_NAMES.map((name, p) => {
      const mean = truth.reduce((sum, row) => sum + row[p]!, 0) / truth.length;
      const total = truth.reduce((sum, row) => sum + (row[p]! - mean) ** 2, 0);
      const left = truth.reduce((sum, row, i) => sum + (row[p]! - said[i]![p]!) ** 2, 0);
      return [name, 1 - left / total];
    }),
  );
}
