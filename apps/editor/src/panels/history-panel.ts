// Runs of the server, the latest first; a click shows one again with its graph.
import { durationText } from '@facewright/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import type { Editor } from '../editor.ts';
import { dateTime } from '../state/format.ts';
import { more } from '../queue/queue-panel.ts';
import { tool } from '../queue/queue-rows.ts';
import { emptyPanel } from './progress-panel.ts';
import { runWords } from './status.ts';

export function historyPanel(editor: Editor): TemplateResult {
  const { queue, run: shown } = editor.state;
  const { runs } = queue;
  if (!runs.length) return emptyPanel('No runs yet', 'Every run is kept with its graph and its results. A click on one shows it again.');
  return html`
    <ul class="history">
      ${runs.slice(0, editor.queue.most).map(
        (run) => html`
          <li>
            <button class="history-row ${run.status}" aria-current=${run.id === shown?.id} @click=${() => void editor.attach(run.id)}>
              <span class="mark" aria-hidden="true"></span><strong>${run.name}</strong><span>${runWords[run.status]}</span>
              <span class="soft"
                >${run.finished ? durationText(Math.max(0, (Date.parse(run.finished) - Date.parse(run.created)) / 1000)) : ''}</span
              ><span class="soft">${dateTime(run.created)}</span><code>${run.id.slice(0, 12)}</code>
            </button>
            ${run.finished === null ? nothing : tool('trash', `Delete ${run.name}`, () => void editor.queue.remove(run), editor.state.connection === 'lost')}
          </li>
        `,
      )}
    </ul>
    ${more(editor, runs.length)}
  `;
}
