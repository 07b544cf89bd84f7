// Endings of files that hold weights.
export const weightEndings = ['.safetensors', '.ckpt', '.pt', '.pth', '.bin'] as const;
