// Which execution provider runs the graphs: a real GPU through WebGPU when there is one, else the CPU, and why.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import * as ort from 'onnxruntime-node';
import { err } from './errors.ts';
import { identityGraph } from './identity-graph.ts';

export type ProviderName = 'cpu' | 'webgpu' | 'null';
export type ProviderChoice = ProviderName | 'auto';
export interface ChosenProvider {
  readonly provider: ProviderName;
  /** The device, as far as it is known. */
  readonly description: string;
  /** One clause for the log. */
  readonly reason: string;
}

/** SwiftShader, the software Vulkan driver that Debian's chromium package brings. */
export const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';
const isSoftware = (driver: string) => /swiftshader|lvp_icd|llvmpipe/.test(driver);
const forcedDriver = () => process.env['VK_DRIVER_FILES'] ?? process.env['VK_ICD_FILENAMES'];

/** A GPU that the system shows; null when none, without loading a driver (drivers print to the terminal when they find nothing). */
function systemGpu(): string | null {
  if (process.platform === 'darwin') return 'the Metal device of this system';
  if (process.platform === 'win32') return 'the Direct3D device of this system';
  const nvidia = '/proc/driver/nvidia/gpus';
  if (existsSync(nvidia)) {
    const models = readdirSync(nvidia).map(
      (id) => /^Model:\s*(.+)$/m.exec(readFileSync(`${nvidia}/${id}/information`, 'utf8'))?.[1] ?? 'NVIDIA GPU',
    );
    if (models.length) return models.join(', ');
  }
  if (existsSync('/dev/dxg')) return 'the Direct3D device of the Windows host';
  const nodes = existsSync('/dev/dri') ? readdirSync('/dev/dri').filter((name) => name.startsWith('renderD')) : [];
  return nodes.length ? `the Vulkan device behind /dev/dri/${nodes[0]}` : null;
}

/** Null when a WebGPU session opens, else the reason why not. */
async function probe(): Promise<string | null> {
  try {
    const session = await ort.InferenceSession.create(identityGraph('float32'), { executionProviders: ['webgpu'], logSeverityLevel: 4 });
    await session.release();
    return null;
  } catch (cause) {
    return (cause as Error).message.trim().split('\n')[0]!;
  }
}

const cpu = (reason: string): ChosenProvider => ({
  provider: 'cpu',
  description: `${cpus()[0]?.model.trim() ?? 'CPU'}, ${availableParallelism()} threads`,
  reason,
});

/** `auto` never takes a software driver; `webgpu` takes what there is, SwiftShader last, and throws RUNTIME_NO_WEBGPU when nothing opens. */
export async function chooseProvider(choice: ProviderChoice): Promise<ChosenProvider> {
  const gpu = systemGpu();
  const forced = forcedDriver();
  switch (choice) {
    case 'null':
      return { provider: 'null', description: 'computes nothing; every output is zeros', reason: 'it was asked for' };
    case 'cpu':
      return cpu('it was asked for');
    case 'webgpu': {
      if (!gpu && forced === undefined && existsSync(SWIFTSHADER)) process.env['VK_DRIVER_FILES'] = SWIFTSHADER;
      const failure = await probe();
      if (failure) throw err.NO_WEBGPU(failure);
      const driver = forcedDriver();
      return {
        provider: 'webgpu',
        description: driver && isSoftware(driver) ? `${driver} (software)` : (gpu ?? driver ?? 'an adapter'),
        reason: 'it was asked for',
      };
    }
    case 'auto': {
      if (forced !== undefined && isSoftware(forced)) return cpu(`the only graphics driver is software (${forced})`);
      if (!gpu) return cpu('no GPU was found');
      const failure = await probe();
      return failure ? cpu(`${gpu} did not open: ${failure}`) : { provider: 'webgpu', description: gpu, reason: 'a GPU was found' };
    }
    default:
      throw err.PROVIDER(String(choice satisfies never));
  }
}
