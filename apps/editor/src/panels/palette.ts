// The list of node types on the left: searched, by category; clicked or dragged onto the canvas.
import { describeType, type NodeDescription } from '@facewright/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { portColour } from '../canvas/port-colours.ts';
import type { Editor } from '../editor.ts';
import { byCategory, findNodes } from './find-nodes.ts';
import { icon } from './icons.ts';

/** The kind of data in a drag of a palette entry. */
export const NODE_DRAG = 'application/x-facewright-node';

export const nodeDot = ({ outputs, inputs }: NodeDescription): TemplateResult => {
  const type = outputs[0]?.type ?? inputs[0]?.type;
  return html`<span class="node-dot" .style=${`background:${type ? portColour(type) : '#888'}`}></span>`;
};
const makes = ({ outputs }: NodeDescription): string =>
  outputs.length ? `Gives ${outputs.map(({ type }) => describeType(type)).join(', ')}.` : '';

const entry = (editor: Editor, node: NodeDescription): TemplateResult => html`
  <li>
    <button
      class="palette-node"
      draggable="true"
      data-type=${node.type}
      data-tip="${node.summary} ${makes(node)}"
      data-tip-side="right"
      @click=${() => editor.addNode(node.type, null)}
      @dragstart=${(event: DragEvent) => event.dataTransfer?.setData(NODE_DRAG, node.type)}
    >
      ${nodeDot(node)}<span>${node.title}</span>
    </button>
  </li>
`;

function group(editor: Editor, [category, nodes]: ReturnType<typeof byCategory>[number]): TemplateResult {
  const { folded, query } = editor.state.palette;
  const open = query !== '' || !folded.has(category);
  const toggle = (): void => {
    const next = new Set(folded);
    if (!next.delete(category)) next.add(category);
    editor.setPalette({ folded: next });
  };
  return html`
    <section>
      <h3>
        <button class="fold" aria-expanded=${open} @click=${toggle}>
          ${icon(open ? 'chevron' : 'right')}${category}<span class="count">${nodes.length}</span>
        </button>
      </h3>
      ${
        open
          ? html`<ul>
              ${nodes.map((node) => entry(editor, node))}
            </ul>`
          : nothing
      }
    </section>
  `;
}

export function palette(editor: Editor): TemplateResult | typeof nothing {
  const { palette: shown, catalogue, ready, connection } = editor.state;
  if (!shown.open) {
    return html`<aside class="palette closed">
      <button
        class="quiet"
        aria-label="Show the list of nodes"
        data-tip="Nodes"
        data-tip-side="right"
        @click=${() => editor.setPalette({ open: true })}
      >
        ${icon('sidebar')}
      </button>
    </aside>`;
  }
  const found = findNodes(editor.canvas.nodeTypes, shown.query);
  const add = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && found[0]) editor.addNode(found[0].type, null);
    if (event.key === 'Escape') editor.setPalette({ query: '' });
  };
  const empty = catalogue.size
    ? 'No node matches.'
    : connection === 'lost'
      ? 'The server does not answer.'
      : ready
        ? 'The server knows no nodes.'
        : 'Loading…';
  return html`
    <aside class="palette" aria-label="Nodes">
      <div class="palette-head">
        <label class="search-field"
          >${icon('search')}<input
            id="palette-search"
            type="search"
            placeholder="Search nodes"
            aria-label="Search nodes"
            .value=${live(shown.query)}
            @input=${(event: Event) => editor.setPalette({ query: (event.target as HTMLInputElement).value })}
            @keydown=${add}
        /></label>
        <button class="quiet" aria-label="Hide the list of nodes" @click=${() => editor.setPalette({ open: false })}>
          ${icon('left')}
        </button>
      </div>
      <div class="palette-list">
        ${found.length ? byCategory(found).map((each) => group(editor, each)) : html`<p class="empty">${empty}</p>`}
      </div>
    </aside>
  `;
}
