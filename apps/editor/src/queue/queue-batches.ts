// Batches in the queue: one row each, which leads to the panel of batches.
import type { BatchSummary } from '@facewright/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import type { Editor } from '../editor.ts';
import { icon } from '../panels/icons.ts';
import { dateTime, timeLeft } from '../state/format.ts';
import { rowKeys, tool } from './queue-rows.ts';

const show = (editor: Editor, { id, name }: BatchSummary): TemplateResult =>
  html`<button class="link queue-name" data-tip="Show it in Batches" @click=${() => editor.batches.show(id)}>
    ${icon('batch')}<span>${name}</span>
  </button>`;
const ended = ({ done, failed }: BatchSummary): number => done + failed;
const rows = (batch: BatchSummary): string => `${ended(batch).toLocaleString()} of ${batch.count.toLocaleString()} rows`;
const priority = (batch: BatchSummary): TemplateResult => html`<span class="badge">priority ${batch.priority}</span>`;
const failures = ({ failed }: BatchSummary): TemplateResult | typeof nothing =>
  failed > 0 ? html` <span class="bad">${failed.toLocaleString()} failed</span>` : nothing;
const steady = (editor: Editor, batch: BatchSummary): TemplateResult =>
  tool('pause', `Pause ${batch.name}`, () => void editor.batches.act(batch.id, 'pause'), editor.batches.acting);
const cancel = (editor: Editor, batch: BatchSummary): TemplateResult =>
  tool('close', `Cancel ${batch.name}`, () => void editor.batches.cancel(batch), editor.batches.acting);

export function batchAtWork(editor: Editor, batch: BatchSummary): TemplateResult {
  const share = (100 * ended(batch)) / Math.max(1, batch.count);
  return html`<li class="queue-row running">
    <span class="mark" aria-hidden="true"></span>${show(editor, batch)}
    <span class="queue-doing">${rows(batch)}${failures(batch)} ${priority(batch)}</span>
    <span class="queue-bar"
      ><span
        class="bar"
        role="progressbar"
        aria-label="Rows of ${batch.name}"
        aria-valuenow=${Math.floor(share)}
        aria-valuemin="0"
        aria-valuemax="100"
        ><span .style=${`width:${share}%`}></span></span
      ><span class="queue-share">${Math.floor(share)} %</span></span
    >
    <span class="soft">${timeLeft(batch.secondsLeft)}</span>
    <span class="queue-tools">${steady(editor, batch)}${cancel(editor, batch)}</span>
  </li>`;
}

export function batchWaits(editor: Editor, batch: BatchSummary, at: number, all: number): TemplateResult {
  return html`<li
    class="queue-row queued batch-waits"
    tabindex="0"
    aria-label="${at + 1} of ${all}: batch ${batch.name}, ${rows(batch)}. Alt and Home runs it first, Enter shows it, Delete cancels it."
    @keydown=${(event: KeyboardEvent) =>
      rowKeys(event, {
        'alt+Home': () => editor.batches.first(batch),
        Delete: () => editor.batches.cancel(batch),
        Enter: () => editor.batches.show(batch.id),
      })}
  >
    <span class="queue-place" aria-hidden="true">${at + 1}</span>${show(editor, batch)}
    <span class="queue-doing">${rows(batch)}${failures(batch)} ${priority(batch)}</span>
    <span class="soft">${dateTime(batch.created)}</span><span></span>
    <span class="queue-tools"
      >${at === 0 ? nothing : html`<button class="small" @click=${() => void editor.batches.first(batch)}>Run first</button>`}${steady(editor, batch)}${cancel(editor, batch)}</span
    >
  </li>`;
}

export const batchPaused = (editor: Editor, batch: BatchSummary): TemplateResult =>
  html`<li class="queue-row paused">
    <span class="mark" aria-hidden="true"></span>${show(editor, batch)}
    <span class="queue-doing">${rows(batch)}${failures(batch)} ${priority(batch)}</span>
    <span class="soft">${dateTime(batch.created)}</span><span></span>
    <span class="queue-tools"
      ><button class="small" ?disabled=${editor.batches.acting} @click=${() => void editor.batches.act(batch.id, 'continue')}>
        Continue</button
      >${cancel(editor, batch)}</span
    >
  </li>`;
