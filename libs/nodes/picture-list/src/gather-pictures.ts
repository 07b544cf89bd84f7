// Pictures put into the store one after the other, each under a key of its own, with everything that is wrong told together.
import type { Image, NodeContext } from '@facewright/core';
import { storePicture } from '@facewright/pipelines';
import type { ImageBuffer } from '@facewright/tensor';
import { err } from './errors.ts';

interface Place {
  /** As in "line 7" or "00003.tar, member 12.jpg": for messages. */
  readonly where: string;
  /** How much of the whole lies before the end of this one, for progress. */
  readonly done: number;
}
/** A picture to be read, or what is wrong in its place. */
export type Item =
  (Place & { readonly key: string; readonly caption: string; read(): Promise<Uint8Array> }) | (Place & { readonly problem: string });

export interface GatherOptions {
  /** What messages call the whole. */
  readonly what: string;
  /** `done` of the last item. */
  readonly total: number;
  /** 0: no limit. */
  readonly limit: number;
  readonly broken: 'refuse' | 'leave out';
}

/** Larger files are no pictures, or none that fit into memory beside others. */
export const mostBytes = 256 * 2 ** 20;
const mostListed = 50;

/** The pictures in order. Throws PICTURE_LIST_PROBLEMS with the first 50 and the number of all, PICTURE_LIST_EMPTY. */
export async function gatherPictures(
  items: AsyncIterable<Item>,
  { what, total, limit, broken }: GatherOptions,
  ctx: NodeContext,
): Promise<Image[]> {
  const images: Image[] = [];
  const keys = new Map<string, number>();
  const listed: string[] = [];
  let problems = 0;
  const report = (where: string, problem: string) => {
    if (++problems <= mostListed) listed.push(`${where}: ${problem}`);
  };
  for await (const item of items) {
    ctx.signal.throwIfAborted();
    let pixels: ImageBuffer | undefined;
    if ('problem' in item) report(item.where, item.problem);
    else
      try {
        const stored = await storePicture(await item.read(), { key: unique(item.key, keys), caption: item.caption }, ctx);
        images.push(stored.image);
        pixels = stored.pixels;
      } catch (error) {
        report(item.where, error instanceof Error ? error.message : String(error));
      }
    const [done, all] = limit > 0 ? [images.length, limit] : [item.done, total];
    ctx.progress(Math.min(done, all), all, pixels);
    if (limit > 0 && images.length === limit) break;
  }
  if (problems > 0) {
    const text = `${listed.map((line) => `\n  ${line}`).join('')}${problems > mostListed ? `\n  and ${problems - mostListed} more` : ''}`;
    if (broken === 'refuse' || images.length === 0) throw err.PROBLEMS(what, problems, text);
    ctx.log('warn', `${what}: ${problems} left out:${text}`);
  }
  if (images.length === 0) throw err.EMPTY(what);
  ctx.log('info', `${images.length} pictures, ${images.filter(({ caption }) => caption === '').length} of them without a caption`);
  return images;
}

/** Noise and partners go by keys, so no two pictures may have the same. */
function unique(key: string, keys: Map<string, number>): string {
  const count = (keys.get(key) ?? 0) + 1;
  keys.set(key, count);
  return count === 1 ? key : unique(`${key} ${count}`, keys);
}
