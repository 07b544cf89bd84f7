// The graph that made a picture, kept in its PNG file, so that the picture brings the graph back.
import { err, toProblem } from './errors.ts';
import type { Graph, Problem } from './graph.ts';
import { parseGraph } from './parse-graph.ts';
import { isPng, readPngText, withPngText } from './png-text.ts';

const KEYWORD = 'facewright';

/** `node` gave the picture in a run of `graph`. */
export interface PictureOrigin {
  readonly graph: Graph;
  readonly node: string;
  readonly key: string;
  readonly caption: string;
}

/** The PNG with its graph, and with title and description where viewers look for them. What is no PNG is given back as it is. */
export const withPictureGraph = (png: Uint8Array, { graph, node, key, caption }: PictureOrigin): Uint8Array =>
  withPngText(png, {
    Title: key,
    Description: caption,
    Software: 'Facewright',
    [KEYWORD]: JSON.stringify({ version: 1, graph, node, key, caption }),
  });

export type FoundGraph =
  | { readonly graph: Graph; readonly key: string; readonly problems?: undefined }
  | { readonly graph?: undefined; readonly key?: undefined; readonly problems: readonly Problem[] };

/** The graph that a picture file carries, or why there is none. */
export function graphOfPicture(bytes: Uint8Array): FoundGraph {
  const texts = readPngText(bytes);
  const text = texts.get(KEYWORD);
  if (text === undefined) return { problems: [toProblem(err.NO_PICTURE_GRAPH(whatInstead(bytes, texts)))] };
  let note: unknown;
  try {
    note = JSON.parse(text ?? '');
  } catch (error) {
    return { problems: [toProblem(err.NOT_JSON((error as SyntaxError).message))] };
  }
  const { graph, key } = (typeof note === 'object' && note !== null ? note : {}) as Readonly<Record<string, unknown>>;
  const parsed = parseGraph(graph);
  return parsed.graph ? { graph: parsed.graph, key: typeof key === 'string' ? key : '' } : parsed;
}

/** Which other program's picture it is. Sources: nodes.py SaveImage of ComfyUI; modules/images.py of AUTOMATIC1111's web UI. */
function whatInstead(bytes: Uint8Array, texts: ReadonlyMap<string, unknown>): string {
  if (!isPng(bytes)) return 'a picture of another format, which carries no graph';
  if (texts.has('workflow') || texts.has('prompt')) return 'a picture of ComfyUI, whose workflow has other nodes';
  if (texts.has('parameters')) return 'a picture of the AUTOMATIC1111 web UI, which carries settings but no graph';
  return 'a PNG without one';
}
