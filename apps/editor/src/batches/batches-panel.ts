// Batches of the server, and of the one that is shown how far it is, its rows, and what can be done with it.
import { durationText, picturesIn, type BatchRowRecord, type BatchStatus, type BatchSummary } from '@facewright/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import { assetUrl, resultsUrl } from '../api/http.ts';
import type { Editor } from '../editor.ts';
import { icon } from '../panels/icons.ts';
import { emptyPanel } from '../panels/progress-panel.ts';
import { dateTime, howFar, number, withoutNode } from '../state/format.ts';
import type { ShownBatch } from './batches-desk.ts';

/** Height of a row, px, as the stylesheet has it. */
const ROW = 44;
/** Browsers lay out no taller element; beyond, a step of the scroll bar is several rows. */
const TALLEST = 8_000_000;
const SCORES = 3;

const batchWords: Record<BatchStatus, string> = {
  queued: 'Waiting',
  running: 'Running',
  paused: 'Paused',
  finished: 'Finished',
  stopped: 'Stopped',
  cancelled: 'Cancelled',
};

export function batchesPanel(editor: Editor): TemplateResult {
  const { batches } = editor;
  if (batches.list.length === 0)
    return emptyPanel(
      'No batches yet',
      'A batch runs the graph once for every line of a table, for every picture of a folder, or for every combination of values. “Batch…” beside Run begins one.',
    );
  return html`<div class="batches">
    <ul class="batch-list" aria-label="Batches">
      ${batches.list.map(
        (batch) =>
          html`<li>
            <button
              class="batch-item ${batch.status}"
              aria-current=${batch.id === batches.shown?.id}
              @click=${() => batches.show(batch.id)}
            >
              <strong>${batch.name}</strong>
              ${bar(batch)}
              <span class="soft"
                >${batchWords[batch.status]} · ${batch.done + batch.failed}/${batch.count} · ${dateTime(batch.created)}</span
              >
            </button>
          </li>`,
      )}
    </ul>
    ${batches.shown && batches.summary ? shownBatch(editor, batches.shown, batches.summary) : nothing}
  </div>`;
}

const bar = ({ count, done, failed, name }: BatchSummary): TemplateResult =>
  html`<span
    class="batch-bar"
    role="progressbar"
    aria-label="Rows of ${name}"
    aria-valuenow=${done + failed}
    aria-valuemin="0"
    aria-valuemax=${count}
    ><span class="done" .style=${`width:${(100 * done) / Math.max(1, count)}%`}></span
    ><span class="failed" .style=${`width:${(100 * failed) / Math.max(1, count)}%`}></span
  ></span>`;

function shownBatch(editor: Editor, shown: ShownBatch, batch: BatchSummary): TemplateResult {
  const { batches } = editor;
  const rest = batch.count - batch.done - batch.failed;
  const activity = batches.activity[batch.id];
  return html`<section class="batch" aria-label="Batch ${batch.name}">
    <header>
      <div class="batch-title">
        <strong>${batch.name}</strong>
        <span class="status ${batch.status}" role="status">${batchWords[batch.status]}</span>
        <span class="counts"
          >${batch.done.toLocaleString()}
          done${batch.failed > 0 ? html`, <span class="bad">${batch.failed.toLocaleString()} failed</span>` : nothing}${rest > 0 ? html`, ${rest.toLocaleString()} to go` : nothing}</span
        >
        ${editor.state.connection === 'lost' ? html`<span class="soft">Connecting again… It goes on without you.</span>` : nothing}
        ${batch.secondsLeft === null ? nothing : html`<span class="left">${durationText(batch.secondsLeft)} left</span>`}
      </div>
      ${buttons(editor, batch)}
    </header>
    ${bar(batch)}
    ${
      activity
        ? html`<p class="batch-activity">
            ${activity.preview ? html`<img src=${activity.preview} alt="" />` : nothing}<span
              >Row
              ${activity.row}${activity.node === null ? '' : html`: ${shown.details?.graph.nodes[activity.node]?.title ?? activity.node}, ${howFar(activity.done, activity.total)}`}</span
            >
          </p>`
        : nothing
    }
    ${rowsView(editor, shown, batch)}
  </section>`;
}

function buttons({ batches, state }: Editor, batch: BatchSummary): TemplateResult {
  const { id, status, failed } = batch;
  const busy = batches.acting || state.connection === 'lost';
  const atWork = status === 'queued' || status === 'running';
  const over = status === 'finished' || status === 'stopped' || status === 'cancelled';
  return html`<div class="batch-buttons" role="group" aria-label="The batch">
    ${atWork ? html`<button id="pause-batch" ?disabled=${busy} @click=${() => void batches.act(id, 'pause')} data-tip="The row at work is finished first">${icon('pause')} Pause</button>` : nothing}
    ${
      status === 'paused' || status === 'stopped'
        ? html`<button id="continue-batch" class="primary" ?disabled=${busy} @click=${() => void batches.act(id, 'continue')}>
            ${icon('play')} Continue
          </button>`
        : nothing
    }
    ${
      failed > 0 && status !== 'cancelled'
        ? html`<button id="retry-batch" ?disabled=${busy} @click=${() => void batches.act(id, 'retry-failed')}>
            ${icon('redo')} Retry ${failed} failed
          </button>`
        : nothing
    }
    ${
      over
        ? nothing
        : html`<button class="danger" id="cancel-batch" ?disabled=${busy} @click=${() => void batches.cancel(batch)}>
            ${icon('stop')} Cancel
          </button>`
    }
    ${
      status === 'cancelled'
        ? nothing
        : html`<label class="button" data-tip="Rows with the same columns are added at the end"
            >${icon('plus')} Add rows…<input
              type="file"
              class="hidden-file"
              aria-label="A table with more rows"
              ?disabled=${busy}
              accept=".csv,.tsv,.txt,.jsonl,.ndjson"
              @change=${(event: Event) => {
                const input = event.target as HTMLInputElement;
                const file = input.files?.[0];
                if (file) void batches.append(file);
                input.value = '';
              }}
          /></label>`
    }
    <a class="button" href=${resultsUrl(id, 'csv')} download>${icon('download')} CSV</a
    ><a class="button" href=${resultsUrl(id, 'jsonl')} download>JSONL</a>
    ${
      over
        ? html`<button
            class="quiet"
            aria-label="Delete this batch"
            data-tip="Delete"
            data-tip-side="left"
            ?disabled=${busy}
            @click=${() => window.confirm(`Delete “${batch.name}” with the records of its rows?`) && void batches.remove()}
          >
            ${icon('trash')}
          </button>`
        : nothing
    }
  </div>`;
}

function rowsView(editor: Editor, shown: ShownBatch, batch: BatchSummary): TemplateResult {
  const { batches } = editor;
  const { failedOnly } = shown;
  const total = failedOnly ? batch.failed : batch.count;
  const { first, count, offset, height } = view(total);
  const rows = failedOnly ? shown.rows.failed(first, count, total) : shown.rows.slice(first, count, total);
  return html`<div class="batch-filter" role="group" aria-label="Which rows">
      <button class="chip" aria-pressed=${!failedOnly} @click=${() => batches.filter(false)}>All rows</button
      ><button class="chip" aria-pressed=${failedOnly} ?disabled=${batch.failed === 0 && !failedOnly} @click=${() => batches.filter(true)}>
        Failed${batch.failed > 0 ? ` (${batch.failed})` : ''}
      </button>
    </div>
    <div class="batch-rows" role="table" aria-label="Rows" aria-rowcount=${total} tabindex="0" @scroll=${() => editor.update({})}>
      <div class="all" .style=${`height:${height}px`}>
        <div class="seen" .style=${`transform:translateY(${offset}px)`}>
          ${rows.map((record, i) => rowView(editor, shown, record, first + i))}
        </div>
      </div>
    </div>`;
}

/** Which rows are in view: enough for the whole window, since the panel may become larger before it is drawn again. */
function view(total: number): { first: number; count: number; offset: number; height: number } {
  const box = document.querySelector<HTMLElement>('.batch-rows');
  const room = box?.clientHeight ?? 400;
  const height = Math.min(total * ROW, TALLEST);
  const top = Math.min(box?.scrollTop ?? 0, Math.max(0, height - room));
  const count = Math.ceil(window.innerHeight / ROW) + 2;
  const share = height > room ? top / (height - room) : 0;
  // One to one as long as the browser can; the last row is reached all the same.
  const first = height === total * ROW ? Math.floor(top / ROW) : Math.min(Math.floor(share * total), Math.max(0, total - count + 2));
  return { first: Math.max(0, first), count, offset: height === total * ROW ? first * ROW : top, height };
}

const marks = { finished: '✓', failed: '✗', waiting: '·' } as const;

function rowView(editor: Editor, { details }: ShownBatch, record: BatchRowRecord | undefined, index: number): TemplateResult {
  if (!record)
    return html`<div class="batch-row waiting" role="row" aria-rowindex=${index + 1}>
      <span class="number" role="cell">${index + 1}</span>
    </div>`;
  const { row, status, problems, scores, seconds, data, values, attempt } = record;
  const pictures = [...picturesIn(record.outputs).values()];
  const words = Object.keys(data).length > 0 ? data : values;
  const text = Object.entries(words)
    .filter(([, cell]) => cell !== null && cell !== '')
    .map(([name, cell]) => `${name} ${/^asset:/.test(String(cell)) ? 'picture' : String(cell)}`)
    .join(' · ');
  const sides = (details?.matrix ?? []).map(({ target }) => `${target} ${String(values[target] ?? '')}`);
  const run = details && details.runs > 1 ? [`run ${record.run}`] : [];
  const shownScores = Object.entries(scores).slice(0, SCORES);
  return html`<div class="batch-row ${status}" role="row" aria-rowindex=${index + 1}>
    <span class="number" role="cell">${row}</span>
    <span class="ended" role="cell" aria-label=${status}>${marks[status]}</span>
    <span class="thumb" role="cell"
      >${
        pictures[0]
          ? html`<button
              class="thumbnail"
              aria-label="Pictures of row ${row}"
              @click=${() => editor.update({ lightbox: { pictures: pictures.map((image) => ({ image, note: '', href: assetUrl(image.asset) })), at: 0 } })}
            >
              <img src=${assetUrl(pictures[0].asset)} alt="" loading="lazy" />
            </button>`
          : nothing
      }</span
    >
    <span class="what" role="cell" title=${problems.map(({ message }) => message).join('\n') || text}
      >${[...sides, ...run, text].filter(Boolean).join(' · ')}${problems[0] ? html`<span class="bad">${withoutNode(problems[0].message)}</span>` : nothing}</span
    >
    <span class="scores" role="cell"
      >${shownScores.map(([name, value]) => html`<span title=${name}><span class="soft">${name}</span> ${number(value)}</span>`)}</span
    >
    <span class="time soft" role="cell"
      >${status === 'waiting' ? '' : durationText(seconds)}${attempt > 1 ? html` <span title="How often it was run">×${attempt}</span>` : nothing}</span
    >
    <button
      class="quiet"
      aria-label="Open the graph of row ${row}"
      data-tip="Open as a graph"
      data-tip-side="left"
      @click=${() => void editor.batches.openRow(row)}
    >
      ${icon('external')}
    </button>
  </div>`;
}
