// The only door to onnxruntime: a provider, the sessions on it, and the weights they read in place.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunnableModel, Session, SessionOptions } from '@facewright/tensor';
import { chooseProvider, type ProviderChoice, type ProviderName } from './choose-provider.ts';
import { memoryBudget, sizeText, type MemoryChoice } from './memory-budget.ts';
import { openNullSession } from './null-session.ts';
import { openOrtSession } from './ort-session.ts';
import { measureMemory, unmeasured } from './measure-memory.ts';
import { modelSize } from './model-size.ts';
import { createSessionCache } from './session-cache.ts';

export interface RuntimeOptions {
  /** `auto` takes a real GPU when there is one, else the CPU. */
  readonly provider: ProviderChoice;
  /** Told which provider was chosen, and why. */
  readonly log?: (message: string) => void;
  /** Where hard links to weight files of different folders go; best on the file system of the weights. Default: the system's temporary folder. */
  readonly linkFolder?: string;
  /** How much memory open models may take. Default `auto`. */
  readonly memory?: MemoryChoice;
  /** How many processes have this memory together. Default 1. */
  readonly sharedBy?: number;
  /** How many shared sessions stay open. Default 48: every weight of an open model is a mapping of its own, of which Linux allows a process 65,530. */
  readonly sessions?: number;
  /** false: graphs run as they are written. They open in a third of the time and run slower, which is best where many small trainings take a few steps each, as in specs. Default true. */
  readonly optimise?: boolean;
}

export interface Runtime {
  readonly provider: ProviderName;
  /** The device, as far as it is known. */
  readonly description: string;
  /** Bytes that open models may take; Infinity where nobody knows. */
  readonly memory: number;
  /** A new session, the caller's to release. Rejects with RUNTIME_OPEN, RUNTIME_STATE, RUNTIME_WEIGHTS or RUNTIME_MEMORY. */
  open(model: RunnableModel, options?: SessionOptions): Promise<Session>;
  /** The session of a key, shared by all callers; `build` is called when it is not open. */
  cached(key: string, build: () => RunnableModel | Promise<RunnableModel>): Promise<Session>;
  /** Bytes that open sessions take of this process, without the weights that they read in place; 0 of a device of its own. */
  held(): number;
  /** Closes every shared session. */
  dispose(): Promise<void>;
}

/** Rejects with RUNTIME_NO_WEBGPU when `webgpu` is asked for and no adapter opens, with RUNTIME_PROVIDER for an unknown name. */
export async function createRuntime({
  provider: choice,
  log,
  linkFolder = join(tmpdir(), 'facewright'),
  memory = 'auto',
  sharedBy = 1,
  sessions = 48,
  optimise = true,
}: RuntimeOptions): Promise<Runtime> {
  const { provider, description, reason } = await chooseProvider(choice);
  log?.(`provider ${provider} (${description}): ${reason}`);
  const budget = memoryBudget(memory, provider, sharedBy);
  if (budget.bytes < Infinity) log?.(`open models may take ${sizeText(budget.bytes)} of memory`);
  const cache = createSessionCache({
    budget,
    limit: sessions,
    open: async (model, options) =>
      provider === 'null' ? openNullSession(model, options) : openOrtSession(provider, model, options, { linkFolder, optimise }),
    sizeOf: (model, options) => modelSize(model, options, { maps: provider === 'cpu' }),
    measure: provider === 'cpu' ? measureMemory : unmeasured,
    log: log ?? (() => {}),
  });
  return {
    provider,
    description,
    memory: budget.bytes,
    open: (model, options = {}) => cache.open(model, options),
    cached: cache.get,
    held: () => (provider === 'cpu' ? cache.held() : 0),
    dispose: cache.clear,
  };
}
