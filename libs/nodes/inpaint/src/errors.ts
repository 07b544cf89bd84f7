// Coded errors of the inpaint node.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('INPAINT', {
  NO_FACES: (pictures: number) => `faces: expected at least one face to repaint, got none in ${pictures} picture(s)`,
  NO_PICTURES: () => 'images: expected at least one picture to repaint, got none',
  MASKS: (problems: readonly string[]) => `masks: ${problems.join('; ')}`,
  CHANNELS: (model: string, want: readonly number[], got: number) =>
    `model ${model}: expected a U-Net with ${want.join(' or ')} input channels, got ${got}`,
});
