// Coded errors of the nodes that train diffusion models.
import { defineErrors, onLines } from '@facewright/tensor';

export const err = defineErrors('TRAINER', {
  NO_PICTURES: (port: string) => `${port}: expected at least one, got none`,
  SIZES: (port: string, want: string, problems: readonly string[]) =>
    `${port}: expected pictures of ${want}, as the first has, got ${problems.length} of another size:${onLines(problems)}`,
  DUPLICATE: (port: string, keys: readonly string[]) => `${port}: expected one picture for each key, got several for ${keys.join(', ')}`,
  NO_PARTNERS: (keys: readonly string[]) => `drawn: expected a picture for each key of good, got none for ${keys.join(', ')}`,
  SETTINGS: (problems: readonly string[]) =>
    `settings: expected ones that fit together, got ${problems.length} that do not:${onLines(problems)}`,
  CHANNELS: (want: number, got: number) => `model: expected a U-Net that reads ${want} latent channels alone, got ${got} input channels`,
});
