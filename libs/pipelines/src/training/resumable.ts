// Parts of a work that can be put down and taken up: each saves what the rest of the work depends on.
import type { Checkpoint } from '@facewright/core';
import type { Rng, Tensor, Tensors } from '@facewright/tensor';

export interface Resumable {
  /** A copy: it does not change when the work goes on. */
  save(): Checkpoint;
  /** `saved` is what `save` gave, after a way through a file. */
  restore(saved: Checkpoint): void;
}

export const resumableRng = (rng: Rng): Resumable => ({
  save: () => ({ data: rng.state() }),
  restore: ({ data }) => rng.restore(data as readonly number[]),
});

/** Parts that save what they hold now, also later. */
export const asTheyAre = (parts: Readonly<Record<string, Resumable>>): Readonly<Record<string, Resumable>> =>
  Object.fromEntries(
    Object.entries(parts).map(([name, part]) => {
      const saved = part.save();
      return [name, { ...part, save: () => saved }];
    }),
  );

/** All parts as one checkpoint, with the tensors of each under its name. */
export function saveParts(parts: Readonly<Record<string, Resumable>>): Checkpoint {
  const saved = Object.entries(parts).map(([name, part]) => [name, part.save()] as const);
  return {
    data: Object.fromEntries(saved.map(([name, { data }]) => [name, data])),
    tensors: Object.fromEntries(
      saved.flatMap(([name, { tensors = {} }]) =>
        Object.entries(tensors).map(([key, tensor]): [string, Tensor] => [`${name}/${key}`, tensor]),
      ),
    ),
  };
}

/** The inverse. A part that the checkpoint does not know, of an earlier build, makes it throw. */
export function restoreParts(parts: Readonly<Record<string, Resumable>>, { data, tensors = {} }: Checkpoint): void {
  for (const [name, part] of Object.entries(parts))
    part.restore({ data: (data as Readonly<Record<string, unknown>>)[name], tensors: tensorsOf(name, tensors) });
}

/** The tensors of a checkpoint that are those of one part, by their own names. */
export const tensorsOf = (part: string, tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(`${part}/`))
      .map(([name, tensor]) => [name.slice(part.length + 1), tensor]),
  );
