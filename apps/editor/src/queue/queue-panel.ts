// The queue: what runs now, what waits in which order, what failed.
import type { RunSummary } from '@facewright/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { Editor } from '../editor.ts';
import { icon } from '../panels/icons.ts';
import { emptyPanel } from '../panels/progress-panel.ts';
import { dateTime, timeLeft, withoutNode } from '../state/format.ts';
import { failedRuns, openBatches, runsAtWork, waitingLine, waitingRuns } from '../state/queue-state.ts';
import { batchAtWork, batchPaused, batchWaits } from './queue-batches.ts';
import { rowId } from './queue-desk.ts';
import { rowKeys, tool } from './queue-rows.ts';

const DRAG = 'application/x-facewright-run';

const show = (editor: Editor, run: RunSummary): TemplateResult =>
  html`<button
    class="link queue-name"
    aria-current=${run.id === editor.state.run?.id}
    data-tip="Show it with its graph"
    @click=${() => void editor.attach(run.id)}
  >
    ${run.name}
  </button>`;

function atWork(editor: Editor, run: RunSummary): TemplateResult {
  const { progress } = editor.state.queue;
  const { share, node, secondsLeft } = progress[run.id] ?? { share: 0, node: null, secondsLeft: null };
  const percent = Math.round(share * 100);
  const doing = run.cancelling ? 'Cancelling…' : run.status === 'paused' ? 'Paused' : node === null ? 'Running' : `Running ${node}`;
  return html`<li class="queue-row ${run.status}">
    <span class="mark" aria-hidden="true"></span>${show(editor, run)}<span class="queue-doing">${doing}</span>
    <span class="queue-bar">
      <span
        class="bar"
        role="progressbar"
        aria-label="Progress of ${run.name}"
        aria-valuenow=${percent}
        aria-valuemin="0"
        aria-valuemax="100"
        ><span .style=${`width:${share * 100}%`}></span></span
      ><span class="queue-share">${percent} %</span>
    </span>
    <span class="soft">${secondsLeft === null ? '' : `this node: ${timeLeft(secondsLeft)}`}</span>
    <span class="queue-tools">${tool('close', `Cancel ${run.name}`, () => void editor.queue.cancel(run.id), run.cancelling)}</span>
  </li>`;
}

/** Whether a dragged row goes before or after the one that it is over. */
const sideOf = (event: DragEvent): 'before' | 'after' => {
  const { top, height } = (event.currentTarget as HTMLElement).getBoundingClientRect();
  return event.clientY < top + height / 2 ? 'before' : 'after';
};
const mark = (event: DragEvent, side: 'before' | 'after' | null): void => {
  const row = event.currentTarget as HTMLElement;
  row.classList.toggle('drop-before', side === 'before');
  row.classList.toggle('drop-after', side === 'after');
};

/** `at` its place among all that wait; `neighbours`: whether a run waits before and behind it. */
function waits(editor: Editor, run: RunSummary, at: number, all: number, neighbours: readonly [boolean, boolean]): TemplateResult {
  const isDrag = (event: DragEvent): boolean => event.dataTransfer?.types.includes(DRAG) ?? false;
  return html`<li
    id=${rowId(run.id)}
    class="queue-row queued"
    tabindex="0"
    draggable="true"
    aria-label="${at + 1} of ${all}: ${run.name}. Alt and the arrow keys move it, Delete cancels it."
    @keydown=${(event: KeyboardEvent) =>
      rowKeys(event, {
        'alt+ArrowUp': () => editor.queue.step(run.id, -1),
        'alt+ArrowDown': () => editor.queue.step(run.id, 1),
        'alt+Home': () => editor.queue.first(run.id),
        Delete: () => editor.queue.cancel(run.id),
        Enter: () => editor.attach(run.id),
      })}
    @dragstart=${(event: DragEvent) => event.dataTransfer?.setData(DRAG, run.id)}
    @dragover=${(event: DragEvent) => {
      if (!isDrag(event)) return;
      event.preventDefault();
      mark(event, sideOf(event));
    }}
    @dragleave=${(event: DragEvent) => mark(event, null)}
    @drop=${(event: DragEvent) => {
      if (!isDrag(event)) return;
      event.preventDefault();
      mark(event, null);
      void editor.queue.beside(event.dataTransfer!.getData(DRAG), sideOf(event), run.id);
    }}
  >
    <span class="queue-place" aria-hidden="true">${at + 1}</span>${show(editor, run)}
    <span class="queue-doing"
      >${run.attempts > 0 ? 'Goes on where it was' : 'Waits'}${run.priority === 0 ? nothing : html` <span class="badge">priority ${run.priority}</span>`}</span
    >
    <span class="soft">${dateTime(run.created)}</span><span></span>
    <span class="queue-tools"
      >${at === 0 ? nothing : html`<button class="small" @click=${() => void editor.queue.first(run.id)}>Run first</button>`}
      ${tool('up', 'One place up (Alt+↑)', () => void editor.queue.step(run.id, -1), !neighbours[0])}
      ${tool('chevron', 'One place down (Alt+↓)', () => void editor.queue.step(run.id, 1), !neighbours[1])}
      ${tool('close', `Cancel ${run.name}`, () => void editor.queue.cancel(run.id))}</span
    >
  </li>`;
}

const failed = (editor: Editor, run: RunSummary): TemplateResult =>
  html`<li class="queue-row failed">
    <span class="mark" aria-hidden="true"></span>${show(editor, run)}
    <span class="queue-problem" title=${run.problem?.message ?? ''}>${withoutNode(run.problem?.message ?? 'It failed.')}</span>
    <span class="queue-tools"><button class="small" @click=${() => void editor.queue.retry(run.id)}>Retry</button></span>
  </li>`;

export function queuePanel(editor: Editor): TemplateResult {
  const { queue, connection } = editor.state;
  const working = runsAtWork(queue);
  const runs = waitingRuns(queue);
  const line = waitingLine(queue, editor.batches.list);
  const shown = line.slice(0, editor.queue.most);
  const { atWork: batch, paused } = openBatches(editor.batches.list);
  const broken = failedRuns(queue);
  const atWorkCount = working.length + (batch ? 1 : 0);
  const words = [atWorkCount > 0 && `${atWorkCount} running`, line.length > 0 && `${line.length.toLocaleString()} waiting`]
    .filter(Boolean)
    .join(', ');
  const pause = queue.paused
    ? html`<button class="primary" @click=${() => void editor.queue.pause(false)}>${icon('play')} Go on</button>`
    : html`<button data-tip="Begins nothing new; what runs goes on" @click=${() => void editor.queue.pause(true)}>
        ${icon('pause')} Pause the queue
      </button>`;
  const head = html`<div class="queue-head">
    <strong>${queue.paused ? 'Paused' : words || 'Nothing waits'}</strong>
    <span class="soft"
      >${queue.paused ? `Nothing new begins until you let it go on, also after a restart${words ? `; ${words}` : ''}.` : ''}${
        connection === 'lost' ? 'Connecting again… The queue goes on without you.' : ''
      }</span
    >
    <span class="spread"></span>${pause}
    <button class="danger" ?disabled=${working.length + runs.length === 0} @click=${() => void editor.queue.cancelAll()}>
      Cancel all runs
    </button>
  </div>`;
  if (atWorkCount + line.length + paused.length + broken.length === 0)
    return html`<div class="queue-panel">
      ${head}
      ${emptyPanel(
        'The queue is empty',
        'Run adds the graph as it is now, as often as you press it; go on editing meanwhile. What waits is kept when the browser or the server is closed.',
      )}
    </div>`;
  return html`<div class="queue-panel" ?inert=${connection === 'lost'}>
    ${head}
    <ol class="queue-rows" aria-label="Running">
      ${working.map((run) => atWork(editor, run))}${batch ? batchAtWork(editor, batch) : nothing}
    </ol>
    <ol class="queue-rows" aria-label="Waiting, in their order">
      ${repeat(
        shown,
        ({ run, batch }) => (run ?? batch).id,
        ({ run, batch }, at) =>
          run
            ? waits(editor, run, at, line.length, [run.id !== runs[0]?.id, run.id !== runs.at(-1)?.id])
            : batchWaits(editor, batch, at, line.length),
      )}
    </ol>
    ${more(editor, line.length)}
    ${
      paused.length === 0
        ? nothing
        : html`<h3>Paused batches</h3>
            <ul class="queue-rows" aria-label="Paused batches">
              ${paused.map((one) => batchPaused(editor, one))}
            </ul>`
    }
    ${broken.length === 0 ? nothing : html`<h3>Failed</h3>`}
    <ul class="queue-rows" aria-label="Failed">
      ${broken.map((run) => failed(editor, run))}
    </ul>
  </div>`;
}

/** Below a list that shows no more than the desk says. */
export const more = (editor: Editor, all: number): unknown => {
  const rest = all - editor.queue.most;
  return rest <= 0
    ? nothing
    : html`<p class="queue-more">
        <span class="soft">and ${rest.toLocaleString()} more</span>
        <button class="small" @click=${() => editor.queue.showMore()}>Show more</button>
      </p>`;
};
