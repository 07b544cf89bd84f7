// What the rows of the queue have in common, runs and batches alike: their small buttons and their keys.
import { html, type TemplateResult } from 'lit-html';
import { icon, type IconName } from '../panels/icons.ts';

export const tool = (name: IconName, label: string, act: () => void, disabled = false): TemplateResult =>
  html`<button class="quiet" aria-label=${label} data-tip=${label} ?disabled=${disabled} @click=${act}>${icon(name)}</button>`;

/** Keys of a row that has the focus: those of `acts`, as `Delete` or `alt+Home`; the arrows lead to the rows beside it. */
export function rowKeys(event: KeyboardEvent, acts: Readonly<Record<string, () => unknown>>): void {
  if (event.target !== event.currentTarget) return;
  const act = acts[`${event.altKey ? 'alt+' : ''}${event.key}`];
  const beside = { ArrowUp: 'previousElementSibling', ArrowDown: 'nextElementSibling' }[event.key] as 'previousElementSibling' | undefined;
  if (!act && (!beside || event.altKey)) return;
  event.preventDefault();
  event.stopPropagation();
  if (act) act();
  else if (beside) ((event.currentTarget as HTMLElement)[beside] as HTMLElement | null)?.focus();
}
