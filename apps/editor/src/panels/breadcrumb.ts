// Where in the document the canvas is: the way into a subgraph, and back.
import { html, nothing, type TemplateResult } from 'lit-html';
import type { Editor } from '../editor.ts';
import { icon } from './icons.ts';

export function breadcrumb(editor: Editor): TemplateResult | typeof nothing {
  const { trail, path, shown } = editor.state;
  if (shown === null) return nothing;
  const take = (event: Event): void => editor.canvas.renameSubgraph(shown, (event.target as HTMLInputElement).value.trim());
  const key = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (event.key === 'Enter' || event.key === 'Escape') editor.canvas.focusElement();
  };
  return html`<nav class="breadcrumb" aria-label="Open subgraph">
    <button
      class="quiet"
      aria-label="Leave the subgraph"
      data-tip="Leave the subgraph (Esc)"
      @click=${() => editor.canvas.leaveTo(path.length - 1)}
    >
      ${icon('left')}
    </button>
    ${trail.slice(0, -1).map((title, depth) => html`<button class="link" @click=${() => editor.canvas.leaveTo(depth)}>${title}</button><span aria-hidden="true">›</span>`)}
    <input
      aria-label="Name of the subgraph"
      .value=${trail.at(-1) ?? ''}
      size=${Math.max(8, (trail.at(-1) ?? '').length)}
      @change=${take}
      @keydown=${key}
    />
  </nav>`;
}
