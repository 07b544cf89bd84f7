// A native modal dialog: the browser keeps the focus inside and closes it with Escape.
import { html, nothing, type TemplateResult } from 'lit-html';
import { icon } from './icons.ts';
import { modalShown } from './when-shown.ts';

interface Modal {
  readonly title: string;
  readonly close: () => void;
  readonly body: unknown;
  readonly footer?: unknown;
  readonly name: string;
  readonly keydown?: (event: KeyboardEvent) => void;
}
export const modal = ({ title, close, body, footer, name, keydown }: Modal): TemplateResult => html`
  <dialog
    class="modal ${name}"
    aria-label=${title}
    ${modalShown()}
    @close=${close}
    @keydown=${keydown ?? nothing}
    @click=${(event: MouseEvent) => event.target === event.currentTarget && close()}
  >
    <header>
      <h2>${title}</h2>
      <button class="quiet" aria-label="Close" @click=${close}>${icon('close')}</button>
    </header>
    <div class="modal-body">${body}</div>
    ${footer ? html`<footer>${footer}</footer>` : nothing}
  </dialog>
`;
