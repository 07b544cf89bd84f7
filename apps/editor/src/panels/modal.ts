// A native modal dialog: the browser keeps the focus inside and closes it with Escape.
import { html, nothing, type TemplateResult } from 'lit-html';
import { ref } from 'lit-html/directives/ref.js';
import { icon } from './icons.ts';

interface Modal {
  readonly title: string;
  readonly close: () => void;
  readonly body: unknown;
  readonly footer?: unknown;
  readonly name: string;
}
const show = (element: Element | undefined): void => {
  if (element instanceof HTMLDialogElement && !element.open) element.showModal();
};

export const modal = ({ title, close, body, footer, name }: Modal): TemplateResult => html`
  <dialog class="modal ${name}" aria-label=${title} ${ref(show)} @close=${close} @click=${(event: MouseEvent) => event.target === event.currentTarget && close()}>
    <header><h2>${title}</h2><button class="quiet" aria-label="Close" @click=${close}>${icon('close')}</button></header>
    <div class="modal-body">${body}</div>
    ${footer ? html`<footer>${footer}</footer>` : nothing}
  </dialog>
`;
