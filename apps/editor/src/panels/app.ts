// The whole page, around a canvas that is made once.
import { html, nothing, type TemplateResult } from 'lit-html';
import type { Editor } from '../editor.ts';
import { breadcrumb } from './breadcrumb.ts';
import { dialogs } from './dialogs.ts';
import { dock } from './dock.ts';
import { lightbox } from './gallery-panel.ts';
import { inspector } from './inspector.ts';
import { contextMenu, fieldEditor, hint, titleEditor, toasts } from './overlays.ts';
import { modelPicker } from './model-picker.ts';
import { palette } from './palette.ts';
import { searchBox } from './search-box.ts';
import { topBar } from './top-bar.ts';

const welcome = (editor: Editor): TemplateResult => html`
  <div class="welcome">
    <h2>An empty graph</h2>
    <p>Double-click, or press Tab, to add a node; drag one from the list; or begin with a template.</p>
    <button class="primary" @click=${() => editor.openDialog({ kind: 'templates', templates: null })}>Templates</button>
  </div>
`;

export const app = (editor: Editor, stage: HTMLElement): TemplateResult => html`
  ${topBar(editor)}
  <main class="work">
    ${palette(editor)}
    <div class="middle">
      <div class="stage-area">
        ${stage} ${editor.state.ready && editor.state.nodeCount === 0 ? welcome(editor) : nothing}
        ${editor.state.connection === 'lost' ? html`<div class="lost" role="alert">The connection to the server is lost. The graph is kept here; a run goes on there, and nothing of it is missed.</div>` : nothing}
        ${breadcrumb(editor)} ${inspector(editor)}
      </div>
      ${dock(editor)}
    </div>
  </main>
  ${hint(editor)} ${fieldEditor(editor)} ${modelPicker(editor)} ${titleEditor(editor)} ${searchBox(editor)} ${contextMenu(editor)}
  ${dialogs(editor)} ${lightbox(editor) ?? nothing} ${toasts(editor)}
`;
