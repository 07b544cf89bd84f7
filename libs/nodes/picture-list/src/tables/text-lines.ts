// Large text files in parts and lines.
import type { NodeContext } from '@facewright/core';

const partBytes = 2 ** 20;
/** Longer lines are no rows of a table of captions, and would fill memory. */
const mostCharacters = 16 * 2 ** 20;

export async function* partsOf(path: string, ctx: NodeContext): AsyncGenerator<Uint8Array> {
  const size = await ctx.files.size(path);
  for (let start = 0; start < size; start += partBytes) {
    ctx.signal.throwIfAborted();
    yield await ctx.files.part(path, start, Math.min(size, start + partBytes));
  }
}

/** Lines of a file, the last with or without its end. */
export async function countLines(path: string, ctx: NodeContext): Promise<number> {
  let [lines, last] = [0, 10];
  for await (const part of partsOf(path, ctx)) {
    for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10, at + 1)) lines++;
    last = part.at(-1) ?? last;
  }
  return last === 10 ? lines : lines + 1;
}

/** UTF-8 lines without their ends. Throws RangeError for one of more than 16 million characters. */
export async function* linesOf(path: string, ctx: NodeContext): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const part of partsOf(path, ctx)) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n');
    rest = lines.pop()!;
    if (rest.length > mostCharacters) throw new RangeError(`a line of more than ${mostCharacters} characters`);
    for (const line of lines) yield line.replace(/\r$/, '');
  }
  rest += decoder.decode();
  if (rest !== '') yield rest.replace(/\r$/, '');
}
