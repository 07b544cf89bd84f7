// Coded errors of the nodes that save models.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('SAVE_MODEL', {
  NO_LORA: (name: string) => `model ${name}: expected a model with a LoRA, got one without: its weights may have been trained whole`,
});
