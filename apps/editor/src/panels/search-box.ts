// The search at the pointer: all nodes, or those that fit the loose end of a dragged link.
import { html, nothing, type TemplateResult } from 'lit-html';
import { ref } from 'lit-html/directives/ref.js';
import type { Editor } from '../editor.ts';
import { findNodes } from './find-nodes.ts';
import { floating } from './floating.ts';
import { nodeDot } from './palette.ts';
import { focused } from './when-shown.ts';

export function searchBox(editor: Editor): TemplateResult | typeof nothing {
  const { search } = editor.state;
  if (!search) return nothing;
  const found = findNodes(search.from ? editor.canvas.fitting(search.from) : editor.canvas.nodeTypes, search.query);
  const chosen = Math.min(search.chosen, found.length - 1);
  const pick = (at: number): void => {
    const node = found[at];
    if (node) editor.addNode(node.type, search.at, search.from);
  };
  const key = (event: KeyboardEvent): void => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) editor.update({ search: { ...search, chosen: (chosen + move + found.length) % Math.max(1, found.length) } });
    else if (event.key === 'Enter') pick(chosen);
    else if (event.key === 'Tab' || event.key === 'Escape') {
      editor.update({ search: null });
      editor.canvas.focusElement();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`
    <div class="scrim" @pointerdown=${() => editor.update({ search: null })}></div>
    <div class="search-box floating" role="dialog" aria-label="Add a node" .style=${floating(search.at, 340, 380)}>
      <input
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="search-results"
        aria-activedescendant=${chosen >= 0 ? `found-${chosen}` : ''}
        placeholder=${search.from ? 'Nodes that fit here' : 'Add a node'}
        aria-label="Search nodes"
        .value=${search.query}
        ${focused()}
        @input=${(event: Event) => editor.update({ search: { ...search, query: (event.target as HTMLInputElement).value, chosen: 0 } })}
        @keydown=${key}
      />
      <ul id="search-results" role="listbox" aria-label="Nodes">
        ${found.map(
          (node, i) => html`
            <li
              id=${`found-${i}`}
              role="option"
              aria-selected=${i === chosen}
              ${ref((element) => i === chosen && element?.scrollIntoView({ block: 'nearest' }))}
              @click=${() => pick(i)}
            >
              ${nodeDot(node)}<span class="found-title">${node.title}</span><span class="found-category">${node.category}</span
              ><span class="found-summary">${node.summary}</span>
            </li>
          `,
        )}
        ${found.length ? nothing : html`<li class="empty">${search.from && !search.query ? 'No node fits this port.' : 'No node matches.'}</li>`}
      </ul>
    </div>
  `;
}
