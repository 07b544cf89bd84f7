// Dialogs: templates, saved graphs, saving under a name, keys.
import { html, nothing, type TemplateResult } from 'lit-html';
import type { Editor } from '../editor.ts';
import { dateTime } from '../state/format.ts';
import { batchDialog } from '../batches/batch-dialog.ts';
import { judgingDialog } from '../judging/judging-dialog.ts';
import { maskDialog } from '../mask/mask-dialog.ts';
import { icon } from './icons.ts';
import { modal } from './modal.ts';
import { planDialog } from './plan-dialog.ts';
import { templateCards } from './template-cards.ts';

const keys: readonly (readonly [string, string])[] = [
  ['Ctrl+Enter', 'Run the graph'],
  ['Ctrl+Shift+Enter', 'Run before all that waits'],
  ['Shift+Enter', 'Run to the selected nodes'],
  ['Ctrl+Alt+Enter', 'Pause the run, or go on'],
  ['Ctrl+Shift+B', 'Run the graph over a table: a batch'],
  ['W', 'What would run, and how long it takes'],
  ['Tab, or double-click', 'Add a node'],
  ['Ctrl+Z, Ctrl+Shift+Z', 'Undo, redo'],
  ['Ctrl+C, Ctrl+X, Ctrl+V', 'Copy, cut, paste'],
  ['Ctrl+D', 'Duplicate'],
  ['Ctrl+A', 'Select all'],
  ['Delete', 'Delete the selection'],
  ['Ctrl+S, Ctrl+O', 'Save, open'],
  ['F', 'Fit the view'],
  ['Shift+A', 'Arrange the nodes'],
  ['Ctrl+G', 'Frame the selection'],
  ['Ctrl+M, Ctrl+B', 'Mute, bypass'],
  ['Ctrl+Shift+E', 'Make a subgraph'],
  ['Enter, or double-click', 'Open a subgraph'],
  ['Drag the canvas, or arrow keys', 'Move the view'],
  ['Wheel, + and −', 'Zoom'],
  ['Ctrl+drag', 'Select by a rectangle'],
  ['Drag from a port to empty space', 'Nodes that fit'],
  ['Click the dot on a link', 'Remove the link'],
  ['Drop a picture or a graph file', 'Open the graph that it carries'],
  ['Drop a picture on Load image', 'Use it there'],
  ['Drag a number sideways', 'Change it'],
  ['Escape', 'Close what is open, leave a subgraph'],
];

export function dialogs(editor: Editor): TemplateResult | typeof nothing {
  const { dialog } = editor.state;
  const close = (): void => editor.closeDialog();
  switch (dialog?.kind) {
    case undefined:
      return nothing;
    case 'templates':
      return modal({
        title: 'Templates',
        name: 'templates',
        close,
        body: templateCards(editor, dialog.templates),
      });
    case 'open':
      return modal({
        title: 'Open a graph',
        name: 'open',
        close,
        body: html` ${
          !dialog.graphs
            ? html`<p class="empty">Loading…</p>`
            : dialog.graphs.length === 0
              ? html`<p class="empty">No graph is saved on this server yet. Ctrl+S saves this one.</p>`
              : html`<ul class="rows">
                  ${dialog.graphs.map(
                    ({ name, modified }) =>
                      html` <li>
                        <button class="row" @click=${() => void editor.openSaved(name)}>
                          ${icon('file')}<strong>${name}</strong><span class="soft">${dateTime(modified)}</span></button
                        ><button
                          class="quiet"
                          aria-label="Delete ${name}"
                          @click=${() => window.confirm(`Delete “${name}” from the server?`) && void editor.deleteSaved(name)}
                        >
                          ${icon('trash')}
                        </button>
                      </li>`,
                  )}
                </ul>`
        }`,
        footer: html`<label class="button"
            >${icon('open')} From a file<input
              type="file"
              accept=".json,application/json,.png,image/png"
              class="hidden-file"
              @change=${(event: Event) => {
                const file = (event.target as HTMLInputElement).files?.[0];
                if (file) void editor.openFile(file);
              }} /></label
          ><span class="soft">or drop a .json file, or a picture that Facewright saved, anywhere</span>`,
      });
    case 'save':
      return modal({
        title: 'Save on the server',
        name: 'save',
        close,
        body: html`<form
          id="save-form"
          @submit=${(event: SubmitEvent) => {
            event.preventDefault();
            void editor.saveAs(String(new FormData(event.target as HTMLFormElement).get('name')));
          }}
        >
          <label>Name<input name="name" .value=${dialog.name} required maxlength="80" autofocus /></label>
        </form>`,
        footer: html`<button @click=${close}>Back</button><button class="primary" type="submit" form="save-form">Save</button>`,
      });
    case 'batch':
      return batchDialog(editor);
    case 'plan':
      return planDialog(editor, dialog.foretold);
    case 'judging':
      return judgingDialog(editor, dialog);
    case 'mask':
      return maskDialog(editor, dialog.painter);
    case 'keys':
      return modal({
        title: 'Keys and gestures',
        name: 'keys',
        close,
        body: html`<dl class="key-list">
          ${keys.map(
            ([key, text]) =>
              html`<div>
                <dt>${key}</dt>
                <dd>${text}</dd>
              </div>`,
          )}
        </dl>`,
      });
  }
}
