// Undo and redo over whole graph documents; equal neighbours are one entry.
import type { Graph } from '@facewright/core';

const LIMIT = 200;

export class History {
  #entries: { readonly graph: Graph; readonly text: string }[] = [];
  #at = -1;

  /** Forgets everything and begins at `graph`. */
  restart(graph: Graph): void {
    this.#entries = [{ graph, text: JSON.stringify(graph) }];
    this.#at = 0;
  }
  /** Returns false when nothing differs from the present entry. */
  record(graph: Graph): boolean {
    const text = JSON.stringify(graph);
    if (this.#entries[this.#at]?.text === text) return false;
    this.#entries = [...this.#entries.slice(0, this.#at + 1), { graph, text }].slice(-LIMIT);
    this.#at = this.#entries.length - 1;
    return true;
  }
  get canUndo(): boolean {
    return this.#at > 0;
  }
  get canRedo(): boolean {
    return this.#at < this.#entries.length - 1;
  }
  undo(): Graph | undefined {
    return this.canUndo ? this.#entries[--this.#at]?.graph : undefined;
  }
  redo(): Graph | undefined {
    return this.canRedo ? this.#entries[++this.#at]?.graph : undefined;
  }
}
