// What the editor does with judging tasks: lists them while their dialog is open, makes and withdraws links, deletes.
import { judgingName } from '@facewright/core';
import { api } from '../api/http.ts';
import type { Editor } from '../editor.ts';
import type { Dialog } from '../state/editor-state.ts';

/** Annotators are at work elsewhere: progress is asked for this often. */
const lookMs = 4000;
type Shown = Extract<Dialog, { readonly kind: 'judging' }>;

export const linkOf = (token: string): string => `${location.origin}/judge/${token}`;

export class JudgingDesk {
  readonly #editor: Editor;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The problem that is shown is that the list did not come; any other stays until the next act. */
  #away = false;

  constructor(editor: Editor) {
    this.#editor = editor;
  }
  get #shown(): Shown | null {
    const { dialog } = this.#editor.state;
    return dialog?.kind === 'judging' ? dialog : null;
  }

  /** `field`: the path input that a task is chosen for. */
  open(field: Shown['field'] = null): void {
    this.#editor.openDialog({ kind: 'judging', tasks: null, field, problem: '' });
    void this.look();
  }
  /** Lists the tasks now, and again as long as the dialog is open. */
  async look(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      const tasks = await api.judging();
      if (this.#shown) this.#editor.update({ dialog: { ...this.#shown, tasks, ...(this.#away && { problem: '' }) } });
      this.#away = false;
    } catch (error) {
      this.#away = true;
      if (this.#shown) this.#editor.update({ dialog: { ...this.#shown, problem: messageOf(error) } });
    }
    if (this.#shown) this.#timer = setTimeout(() => void this.look(), lookMs);
  }
  addAnnotator(task: string, name: string): Promise<boolean> {
    return this.#act(() => api.addAnnotator(task, name));
  }
  withdraw(task: string, token: string): Promise<boolean> {
    return this.#act(() => api.withdrawAnnotator(task, token));
  }
  remove(task: string): Promise<boolean> {
    return this.#act(() => api.deleteJudging(task));
  }
  /** Writes the task into the field that the dialog was opened for. */
  choose(task: string): void {
    const field = this.#shown?.field;
    if (!field) return;
    this.#editor.setValue(field.node, field.port, judgingName(task));
    this.#editor.closeDialog();
  }
  async copy(token: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(linkOf(token));
      this.#editor.toast('good', 'The link is copied.');
    } catch {
      // Browsers give the clipboard to secure pages only: the field beside the button can be copied by hand.
      this.#editor.toast('info', 'This browser does not let the page copy. Select the link and press Ctrl+C.');
    }
  }

  async #act(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      if (this.#shown) this.#editor.update({ dialog: { ...this.#shown, problem: '' } });
      await this.look();
      return true;
    } catch (error) {
      if (this.#shown) this.#editor.update({ dialog: { ...this.#shown, problem: messageOf(error) } });
      return false;
    }
  }
}
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
