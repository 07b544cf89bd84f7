// Pictures and reports among the outputs of nodes, found by the kind of the port that gave them.
import type { Faces, Image, Judgements, NodeDescription, NodeOutputs, PairSet, PortType, Report, Scores, Variant } from '@facewright/core';
import { number } from './format.ts';
import type { RunState } from './run-state.ts';

export interface Picture {
  readonly image: Image;
  /** Beside the caption: a score, good or bad. */
  readonly note: string;
  /** Where it is for downloading; absent: with the shown run. */
  readonly href?: string;
}
export interface PictureGroup {
  readonly node: string;
  readonly port: string;
  readonly pictures: readonly Picture[];
}
export interface FoundReport {
  readonly node: string;
  readonly report: Report;
}

const plain = (image: Image): Picture => ({ image, note: '' });

function picturesIn(type: PortType, value: unknown): readonly Picture[] {
  switch (type.kind) {
    case 'image':
      return [plain(value as Image)];
    case 'images':
      return (value as readonly Image[]).map(plain);
    case 'faces':
      return (value as Faces).images.map(({ image, faces }) => ({ image, note: faces.length === 1 ? '1 face' : `${faces.length} faces` }));
    case 'pairs':
      return (value as PairSet).pairs.flatMap(({ good, bad }) => [
        { image: good, note: 'good' },
        { image: bad, note: 'bad' },
      ]);
    case 'variants':
      return (value as readonly Variant[]).flatMap(({ label, images }) => images.map((image) => ({ image, note: label })));
    case 'scores':
      return (value as Scores).rows.map(({ image, score, note }) => ({
        image,
        note: score === null ? (note ?? 'no score') : number(score),
      }));
    case 'judgements':
      return (value as Judgements).sets.flatMap(({ images, votes }) =>
        images.map((image, place) => ({
          image,
          note: `best for ${votes.filter(({ choice }) => choice === place).length} of ${votes.length}`,
        })),
      );
    default:
      return [];
  }
}

const lists: ReadonlySet<string> = new Set<PortType['kind']>(['images', 'models', 'variants', 'metrics']);
/** The values of a port: one, or those of all items where the node ran once for each. */
function valuesOf(type: PortType, value: unknown): readonly unknown[] {
  const mapped = Array.isArray(value) && (!lists.has(type.kind) || value.some((part) => Array.isArray(part)));
  if (mapped) return (value as readonly unknown[]).flatMap((part) => valuesOf(type, part));
  return value === undefined || value === null ? [] : [value];
}

/** Pictures of one node's outputs, by output port. */
export function picturesOf(node: string, description: NodeDescription | undefined, outputs: NodeOutputs | null): readonly PictureGroup[] {
  if (!description || !outputs) return [];
  return description.outputs.flatMap(({ name, type }) => {
    const pictures = valuesOf(type, outputs[name]).flatMap((value) => picturesIn(type, value));
    return pictures.length ? [{ node, port: name, pictures }] : [];
  });
}

/** `types` tells the node type of each node of the run's graph. */
export function galleryOf(run: RunState, describe: (node: string) => NodeDescription | undefined): readonly PictureGroup[] {
  return [...run.nodes].flatMap(([node, { outputs }]) => picturesOf(node, describe(node), outputs));
}

export function reportsOf(run: RunState, describe: (node: string) => NodeDescription | undefined): readonly FoundReport[] {
  return [...run.nodes].flatMap(([node, { outputs }]) =>
    (describe(node)?.outputs ?? []).flatMap(({ name, type }) =>
      type.kind === 'report' ? valuesOf(type, outputs?.[name]).map((report) => ({ node, report: report as Report })) : [],
    ),
  );
}
