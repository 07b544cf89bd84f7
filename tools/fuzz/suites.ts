// The fuzzing suites by name.
import { graphs } from './graphs.ts';
import { http } from './http.ts';
import { pictures } from './pictures.ts';
import type { Suite } from './suite.ts';
import { safetensors, torch } from './weights.ts';

export const suites: Readonly<Record<string, Suite>> = { graphs, safetensors, torch, pictures, http };
