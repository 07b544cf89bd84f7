// Pause, continue and stop: the hand on a run at work.
import { html, nothing, type TemplateResult } from 'lit-html';
import type { Editor } from '../editor.ts';
import { runNodeTitle, stoppableNode } from '../state/editor-state.ts';
import { icon } from './icons.ts';

export function runControls(editor: Editor): TemplateResult | typeof nothing {
  const { state } = editor;
  const { run, pausing, connection } = state;
  if (run?.status !== 'running' && run?.status !== 'paused') return nothing;
  const lost = connection === 'lost';
  const paused = run.status === 'paused';
  const stopping = run.stopping !== null;
  const stoppable = stoppableNode(state);
  const title = stoppable === null ? '' : runNodeTitle(state, stoppable);
  return html`<span class="run-controls" role="group" aria-label="The run">
    <button
      id="pause"
      class=${paused ? 'primary' : ''}
      ?disabled=${lost || stopping || pausing}
      @click=${() => void editor.pauseOrContinue()}
      data-tip=${paused ? 'Goes on where it was (Ctrl+Alt+Enter)' : 'Saves the work and waits at the next step (Ctrl+Alt+Enter)'}
    >
      ${icon(paused ? 'play' : 'pause')} ${paused ? 'Continue' : pausing ? 'Pausing…' : 'Pause'}
    </button>
    <button
      id="stop"
      ?disabled=${lost || stopping || stoppable === null}
      @click=${() => void editor.stopNow()}
      data-tip=${stopping ? 'It gives what it has at the next step' : stoppable === null ? 'For nodes that can give part of their work, such as trainers; Cancel ends the others' : `Ends ${title} with what is trained so far; the nodes after it run. Another run goes on from there`}
    >
      ${icon('keep')} ${stopping ? 'Stopping…' : 'Stop now, keep it'}
    </button>
  </span>`;
}
