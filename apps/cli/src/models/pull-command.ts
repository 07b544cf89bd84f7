// facewright models pull: what to download and where to, with Ctrl-C that keeps what is there.
import { fileSizeText } from '@facewright/core';
import { basename, join } from 'node:path';
import { asModelFolder, modelCatalogue, modelLibraryErrors, modelRoots, pullModel } from '@facewright/model-library';
import { err } from '../errors.ts';
import type { Screen } from '../progress-view.ts';
import { createTransferView } from './transfer-view.ts';

export interface PullOptions {
  readonly models: string[];
  readonly to?: string;
  readonly sha256?: string;
  readonly acceptUnverified?: boolean;
  readonly allowHost: readonly string[];
}

/** 0 when the file is there and checked, 130 when stopped. Throws CLI_BAD_OPTION and LIBRARY_*. */
export async function pullCommand(
  name: string,
  options: PullOptions,
  { print, screen }: { print(text: string): void; readonly screen: Screen },
): Promise<number> {
  const known = modelCatalogue.find((entry) => entry.name === name);
  if (!known && !URL.canParse(name)) throw modelLibraryErrors.URL(name);
  if (options.to === undefined && !known) throw err.BAD_OPTION('to', 'a folder of the models folder, such as loras', 'nothing');
  if (options.sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(options.sha256))
    throw err.BAD_OPTION('sha256', '64 hexadecimal digits', options.sha256);
  const folder = options.to === undefined ? known!.folder : asModelFolder(options.to);
  if (known) print(`${known.title}: ${known.licence}, ${known.licenceUrl}`);

  const stop = new AbortController();
  const cancel = () => stop.abort();
  process.once('SIGINT', cancel).once('SIGTERM', cancel);
  const view = createTransferView(screen);
  try {
    const { path, bytes, sha256, already } = await pullModel({
      url: known?.url ?? name,
      name: known?.file ?? nameIn(name),
      folder: join(modelRoots(options.models)[0]!, folder),
      sha256: options.sha256 ?? known?.sha256 ?? null,
      bytes: known?.bytes ?? null,
      acceptUnverified: options.acceptUnverified ?? false,
      allowHosts: options.allowHost,
      onProgress: (progress) => view.show(progress),
      signal: stop.signal,
    });
    view.end();
    print(`${path}: ${already ? 'already there, ' : ''}${fileSizeText(bytes)}, SHA-256 ${sha256}`);
    print(`In graphs: ${folder}/${basename(path)}`);
    return 0;
  } catch (error) {
    view.end();
    if (!stop.signal.aborted) throw error;
    screen.write('Stopped; the same command goes on from here.\n');
    return 130;
  } finally {
    process.off('SIGINT', cancel).off('SIGTERM', cancel);
  }
}

/** The last part of the path of an address. */
function nameIn(url: string): string {
  try {
    return decodeURIComponent(new URL(url).pathname.split('/').at(-1)!);
  } catch {
    throw modelLibraryErrors.URL(url);
  }
}
