// What a person does with the queue of the server: pause, put in order, cancel, try again.
import type { RunSummary } from '@facewright/core';
import { api } from '../api/http.ts';
import type { Editor } from '../editor.ts';
import { runsAtWork, waitingRuns } from '../state/queue-state.ts';

const PAGE = 200;

export class QueueDesk {
  readonly #editor: Editor;
  /** The row to have the focus again when the list has been put in order. */
  #focus: string | null = null;
  /** How many of a long list are drawn. */
  most = PAGE;

  constructor(editor: Editor) {
    this.#editor = editor;
  }

  /** The list came anew. */
  changed(): void {
    const id = this.#focus;
    this.#focus = null;
    // When it is drawn.
    if (id !== null) setTimeout(() => document.getElementById(rowId(id))?.focus());
  }
  showMore(): void {
    this.most += PAGE;
    this.#editor.update({});
  }
  async pause(paused: boolean): Promise<void> {
    await this.#editor.attempt(() => api.pauseQueue(paused));
  }
  async cancel(id: string): Promise<void> {
    await this.#editor.attempt(() => api.cancel(id));
  }
  /** Asks first, when something is at work that would have to be done again. */
  async cancelAll(): Promise<void> {
    const { queue } = this.#editor.state;
    const atWork = runsAtWork(queue).length;
    const waiting = waitingRuns(queue).length;
    const what = [atWork > 0 && 'what is running now', waiting > 0 && `${waiting} that ${waiting === 1 ? 'waits' : 'wait'}`];
    if (!window.confirm(`Cancel ${what.filter(Boolean).join(' and ')}? What was finished is kept.`)) return;
    await this.#editor.attempt(() => api.cancelAll());
  }
  async remove({ id, name }: RunSummary): Promise<void> {
    if (window.confirm(`Delete the run “${name}”, its events and the files that it wrote?`))
      await this.#editor.attempt(() => api.removeRun(id));
  }
  async retry(id: string): Promise<void> {
    await this.#editor.attempt(async () => {
      const run = await api.retry(id);
      if (this.#editor.state.run?.id === id) await this.#editor.follow(run.id);
    });
  }
  async first(id: string): Promise<void> {
    await this.#move(id, { to: 'front' });
  }
  /** Puts a waiting run before or after another. */
  async beside(id: string, side: 'before' | 'after', other: string): Promise<void> {
    if (id !== other) await this.#move(id, side === 'before' ? { before: other } : { after: other });
  }
  /** One place up or down. */
  async step(id: string, by: -1 | 1): Promise<void> {
    const line = waitingRuns(this.#editor.state.queue);
    const other = line[line.findIndex((run) => run.id === id) + by];
    if (other) await this.beside(id, by < 0 ? 'before' : 'after', other.id);
  }
  async #move(id: string, to: Parameters<typeof api.move>[1]): Promise<void> {
    this.#focus = id;
    await this.#editor.attempt(() => api.move(id, to));
  }
}

export const rowId = (run: string): string => `queued-${run}`;
