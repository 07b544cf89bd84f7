// How far the run is: overall, and node by node with why each ran or not.
import { durationText } from '@facewright/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import type { Editor } from '../editor.ts';
import { runNodeTitle } from '../state/editor-state.ts';
import { howFar, timeLeft, withoutNode } from '../state/format.ts';
import { isOver, progressOf, type NodeRun, type RunState } from '../state/run-state.ts';
import { runControls } from './run-controls.ts';
import { runWords, statusWords } from './status.ts';

export const emptyPanel = (title: string, text: string, action: unknown = nothing): TemplateResult =>
  html`<div class="empty-panel">
    <h3>${title}</h3>
    <p>${text}</p>
    ${action}
  </div>`;

/** While a node works, the last that it said, such as where it goes on. */
const reasonOf = ({ status, unfinished, logs, reason }: NodeRun): string =>
  unfinished ?? (status === 'running' ? logs.at(-1)?.message : undefined) ?? reason;

/** `longest`: seconds of the node that took longest. */
function row(editor: Editor, id: string, node: NodeRun, longest: number): TemplateResult {
  const share = node.status === 'running' && node.total > 0 ? node.done / node.total : null;
  return html`
    <li>
      <button class="node-row ${node.status}${node.unfinished === null ? '' : ' unfinished'}" @click=${() => editor.focusNode(id)}>
        <span class="mark" aria-hidden="true"></span>
        <span class="node-title">${runNodeTitle(editor.state, id)}</span>
        <span class="node-status"
          >${editor.state.run?.status === 'paused' && node.status === 'running' ? `paused at ${howFar(node.done, node.total)}` : statusWords(node)}</span
        >
        <span class="node-reason">${node.problem ? withoutNode(node.problem.message) : reasonOf(node)}</span>
        ${share === null ? nothing : html`<span class="bar thin"><span .style=${`width:${share * 100}%`}></span></span>`}
        ${node.seconds === null || longest === 0 ? nothing : html`<span class="took" aria-hidden="true"><span .style=${`width:${(100 * node.seconds) / longest}%`}></span></span>`}
      </button>
    </li>
  `;
}

function counts(run: RunState): string {
  const nodes = [...run.nodes.values()];
  const of = (...statuses: NodeRun['status'][]): number => nodes.filter(({ status }) => statuses.includes(status)).length;
  return `${of('done', 'cached')} of ${nodes.length} nodes${of('cached') ? `, ${of('cached')} from the cache` : ''}`;
}

/** Time left of the whole run while its last node runs; before that only the running node knows, and what comes after it is counted. */
function left(run: RunState): string {
  const nodes = [...run.nodes.values()];
  const known = nodes.find(({ status, secondsLeft }) => status === 'running' && secondsLeft !== null)?.secondsLeft ?? null;
  if (known === null || isOver(run)) return '';
  const waiting = nodes.filter(({ status }) => status === 'queued').length;
  return waiting ? `this node: ${timeLeft(known)}, then ${waiting} more ${waiting === 1 ? 'node' : 'nodes'}` : timeLeft(known);
}

/** What the running node is drawing. */
export function livePicture(editor: Editor): TemplateResult | typeof nothing {
  const [id, node] = [...(editor.state.run?.nodes ?? [])].find(([, { status, preview }]) => status === 'running' && preview !== null) ?? [];
  if (id === undefined || !node?.preview) return nothing;
  const title = runNodeTitle(editor.state, id);
  return html`<figure class="live-picture">
    <img src=${node.preview} alt="Live picture of ${title}" />
    <figcaption>
      <button class="link" @click=${() => editor.focusNode(id)}>${title}</button> <span class="soft">${statusWords(node)}</span>
    </figcaption>
  </figure>`;
}

export function progressPanel(editor: Editor): TemplateResult {
  const { run } = editor.state;
  if (!run) {
    return emptyPanel(
      'Nothing has run yet',
      'Press Run, or Ctrl+Enter. Each node shows how far it is, and what was computed before is taken from the cache.',
    );
  }
  const share = progressOf(run);
  const remaining = left(run);
  const longest = Math.max(0, ...[...run.nodes.values()].map(({ seconds }) => seconds ?? 0));
  const taken = run.seconds ?? (run.started && run.finished ? (Date.parse(run.finished) - Date.parse(run.started)) / 1000 : null);
  return html`
    <div class="progress-panel">
      <div class="run-head ${run.status}">
        <div class="run-line">
          <strong>${runWords[run.status]}</strong><span>${run.name}</span>
          <span class="soft"
            >${run.nodes.size ? counts(run) : ''}${taken === null ? '' : `, ${durationText(taken)}`}${run.provider ? `, on ${run.provider}` : ''}</span
          >
          ${remaining ? html`<span class="eta">${remaining}</span>` : nothing} ${runControls(editor)}
        </div>
        <div
          class="bar"
          role="progressbar"
          aria-label="Progress of the run"
          aria-valuenow=${Math.round(share * 100)}
          aria-valuemin="0"
          aria-valuemax="100"
        >
          <span .style=${`width:${share * 100}%`}></span>
        </div>
        ${run.notices.map((notice) => html`<p class="notice">${notice}</p>`)}
      </div>
      <div class="run-body">
        <ol class="node-rows">
          ${[...run.nodes].map(([id, node]) => row(editor, id, node, longest))}
        </ol>
        ${livePicture(editor)}
      </div>
    </div>
  `;
}
