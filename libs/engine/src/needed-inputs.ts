// Which lazy inputs a node needs: its definition is asked until it wants no more.
import { messageOf, type NodeDefinition } from '@facewright/core';
import { err } from './errors.ts';

/** The answer is not known before this input has a value. */
export class Unknown {
  readonly input: string;
  constructor(input: string) {
    this.input = input;
  }
}

/**
 * Adds to `wanted`, from what `read` gives: the value of an input, or an Unknown where it is not computed yet. Lazy inputs can be seen once they are wanted, so that
 * the answer follows from values that are part of the key. Returns the Unknown that the definition looked at, null when the answer is final.
 * Throws ENGINE_NEEDS.
 */
export function addNeeded(
  { inputs, needs }: Pick<NodeDefinition, 'inputs' | 'needs'>,
  wanted: Set<string>,
  read: (name: string) => unknown,
): Unknown | null {
  for (;;) {
    let lookedAtLazy = false;
    const values = new Proxy<Record<string, unknown>>(
      {},
      {
        get(_, name) {
          if (typeof name !== 'string' || !Object.hasOwn(inputs, name)) return undefined;
          if (inputs[name]!.lazy) {
            lookedAtLazy = true;
            if (!wanted.has(name)) return undefined;
          }
          const value = read(name);
          if (value instanceof Unknown) throw value;
          return value;
        },
      },
    );
    let named: readonly string[];
    try {
      named = needs!(values);
    } catch (error) {
      if (error instanceof Unknown) return error;
      throw err.NEEDS(messageOf(error));
    }
    const strange = named.find((name) => !inputs[name]?.lazy);
    if (strange !== undefined) throw err.NEEDS(strange);
    const before = wanted.size;
    for (const name of named) wanted.add(name);
    if (wanted.size === before || !lookedAtLazy) return null;
  }
}
