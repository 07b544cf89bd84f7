// The bar at the top: the graph's name, files, editing, run and cancel, the connection.
import { html, nothing, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import type { Editor } from '../editor.ts';
import { logOut, type Session } from '../login/session.ts';
import { isBusy, type EditorState } from '../state/editor-state.ts';
import { progressOf } from '../state/run-state.ts';
import { icon, type IconName } from './icons.ts';

const tool = (name: IconName, label: string, act: () => void, disabled = false): TemplateResult =>
  html`<button class="quiet" aria-label=${label} data-tip=${label} ?disabled=${disabled} @click=${act}>${icon(name)}</button>`;

const rights: Record<Session['scope'], string> = {
  read: 'to look',
  run: 'to look, run and upload',
  admin: 'everything',
};
const connections: Record<EditorState['connection'], string> = {
  connecting: 'Connecting…',
  online: 'Connected',
  lost: 'Connection lost, trying again…',
};

function runButtons(editor: Editor): TemplateResult {
  const { state } = editor;
  const busy = isBusy(state);
  const cancel = html`
    <span class="run-share" aria-hidden="true">${Math.round((state.run ? progressOf(state.run) : 0) * 100)} %</span>
    <button
      class="danger"
      id="cancel"
      ?disabled=${state.starting}
      @click=${() => void editor.cancel()}
      data-tip="Stops at the next step; finished nodes are kept"
    >
      ${icon('stop')} Cancel
    </button>
  `;
  return html`${busy ? cancel : nothing}
    <button
      class=${busy ? '' : 'primary'}
      id="run"
      ?disabled=${state.connection === 'lost' || state.starting}
      @click=${() => void editor.run()}
      data-tip=${busy ? 'Adds the graph to the queue (Ctrl+Enter); first of all with Ctrl+Shift+Enter' : 'Run the graph (Ctrl+Enter)'}
    >
      ${icon('play')} Run
    </button>`;
}

export function topBar(editor: Editor): TemplateResult {
  const { state } = editor;
  return html`
    <header class="top-bar">
      <div class="brand"><img src="/icon.svg" alt="" width="26" height="26" /><span>Facewright</span></div>
      <div class="document">
        <input
          class="graph-name"
          aria-label="Name of the graph"
          spellcheck="false"
          .value=${live(state.graphName)}
          maxlength="80"
          @change=${(event: Event) => editor.renameGraph((event.target as HTMLInputElement).value)}
          @keydown=${(event: KeyboardEvent) => event.key === 'Enter' && (event.target as HTMLInputElement).blur()}
        />
        ${state.unsaved ? html`<span class="unsaved" title="Changed since it was saved on the server; kept in this browser" role="img" aria-label="not saved"></span>` : nothing}
      </div>
      <nav class="tools" aria-label="Graph">
        ${tool('plus', 'New graph', () => editor.newGraph())}
        <button class="quiet with-text" id="open-templates" @click=${() => editor.openDialog({ kind: 'templates', templates: null })}>
          ${icon('template')}<span>Templates</span>
        </button>
        ${tool('open', 'Open (Ctrl+O)', () => editor.openDialog({ kind: 'open', graphs: null }))}
        ${tool('save', 'Save (Ctrl+S)', () => editor.save())} ${tool('download', 'Download as a file', () => editor.download())}
        ${tool('judge', 'Judging: tasks, links, progress', () => editor.judging.open())}
        <span class="divider"></span>
        ${tool('undo', 'Undo (Ctrl+Z)', () => editor.undo(), !state.canUndo)}
        ${tool('redo', 'Redo (Ctrl+Shift+Z)', () => editor.redo(), !state.canRedo)}
        <span class="divider"></span>
        ${tool('fit', 'Fit the view (F)', () => editor.canvas.fit())}
        ${tool('arrange', 'Arrange the nodes (Shift+A)', () => editor.canvas.arrange())}
        ${tool('help', 'Keys and gestures (?)', () => editor.openDialog({ kind: 'keys' }))}
      </nav>
      <div class="run-area">
        <span class="connection ${state.connection}" role="status"
          ><span class="dot"></span><span class="words">${connections[state.connection]}</span></span
        >
        ${state.session ? html`<span class="who" title="What this token allows: ${rights[state.session.scope]}">${state.session.name}</span>${tool('logout', 'Log out', () => void logOut())}` : nothing}
        <button
          id="batch"
          ?disabled=${state.connection === 'lost' || state.nodeCount === 0}
          @click=${() => editor.batches.open()}
          data-tip="Run the graph over a table, pictures or combinations (Ctrl+Shift+B)"
        >
          ${icon('batch')} Batch…
        </button>
        ${isBusy(state) ? nothing : tool('list', 'What would run? (W)', () => editor.explain())} ${runButtons(editor)}
      </div>
    </header>
  `;
}
