// Trains the autoencoder between 64x64 pictures and 16x16 latents.
import { AutoencoderKL, bind, initialize, inputWeights, parseAutoencoderConfig } from '@facewright/models';
import { input, trainStep, type Value } from '@facewright/onnx';
import { createRng, type Tensor } from '@facewright/tensor';
import { autoencoderLoss, sampleLatents } from '@facewright/train';
import { autoencoderConfig } from './configs.ts';
import { pixelsToTensor, SIDE, type FaceSet } from './face-set.ts';
import { runStage, type StageContext } from './stage.ts';

const BATCH = 8;

export interface AutoencoderSettings {
  readonly steps: number;
  readonly peak: number;
  readonly kl: number;
  readonly edges: number;
}

/** Averaged weights by their names in vae/diffusion_pytorch_model.safetensors. */
export async function trainAutoencoder(
  faces: FaceSet,
  { steps, peak, kl, edges }: AutoencoderSettings,
  context: StageContext,
): Promise<ReadonlyMap<string, Tensor<'float32'>>> {
  const config = parseAutoencoderConfig(autoencoderConfig);
  const module = new AutoencoderKL(config);
  const inputs = new Map<string, Value>();
  const weights = bind(module, inputWeights(inputs));
  const side = SIDE / 4;
  const picture = input('picture', 'float32', [BATCH, 3, SIDE, SIDE]);
  const noise = input('noise', 'float32', [BATCH, config.latentChannels, side, side]);
  const { mean, logvar } = module.encode(weights, picture);
  const reconstruction = module.decode(weights, sampleLatents(mean, logvar, noise));
  const losses = autoencoderLoss({ picture, reconstruction, mean, logvar }, { kl, edges });
  const rng = createRng(context.seed);
  const initial = initialize(module, rng);
  // Residual branches start at nothing, so that colours and places pass from the first step on.
  for (const [name, { data }] of initial) if (/resnets\.\d+\.conv2\.|to_out\.0\./.test(name)) data.fill(0);
  return runStage(context, {
    name: 'vae',
    steps,
    peak,
    warmUp: 60,
    decay: 0.99,
    initial,
    build: (current) =>
      trainStep({
        loss: losses.loss,
        parameters: [...inputs].map(([name, value]) => ({ name, value, initial: current.get(name)! })),
        optimiser: { beta2: 0.99, weightDecay: 0 },
        maxGradientNorm: 1,
        ema: true,
        metrics: { pixels: losses.pixels, kl: losses.kl },
      }),
    batch: () => {
      const indices = Array.from({ length: BATCH }, () => rng.integer(faces.count));
      return {
        picture: pixelsToTensor(faces.pixels, indices),
        noise: { dtype: 'float32', dims: noise.shape, data: rng.normal(BATCH * config.latentChannels * side * side) },
      };
    },
  });
}
