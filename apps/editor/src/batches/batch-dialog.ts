// The dialog that puts a batch together: data, which column sets what, a matrix, runs; what the server says of it, live.
import { durationText, describeType, type BatchCheck, type BatchProblem } from '@facewright/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import type { Editor } from '../editor.ts';
import { icon } from '../panels/icons.ts';
import { modal } from '../panels/modal.ts';
import { isOverSomething, type BatchDraft } from './batch-draft.ts';
import type { TargetChoice } from './batches-desk.ts';

const PROBLEMS = 6;
const ROWS = 8;

export function batchDialog(editor: Editor): TemplateResult | typeof nothing {
  const { batches } = editor;
  const { draft } = batches;
  if (!draft) return nothing;
  const choices = batches.choices();
  const { check } = draft;
  const ready =
    check !== null && check.problemCount === 0 && !draft.checking && !draft.starting && !draft.uploading && isOverSomething(draft);
  return modal({
    title: `Batch: ${draft.graph.name}`,
    name: 'batch',
    close: () => editor.closeDialog(),
    body: html`${source(editor, draft)} ${check && check.columns.length > 0 ? table(editor, draft, check, choices) : nothing}
    ${more(editor, draft, choices)} ${check ? verdict(draft, check) : nothing}
    ${draft.problem ? html`<p class="bad" role="alert">${draft.problem}</p>` : nothing}`,
    footer: html`<span class="batch-sum" role="status">${sum(draft)}</span><span class="spread"></span
      ><button @click=${() => editor.closeDialog()}>Back</button
      ><button id="start-batch" class="primary" ?disabled=${!ready} @click=${() => void batches.start()}>
        ${icon('play')} ${draft.starting ? 'Starting…' : 'Start'}
      </button>`,
  });
}

function sum({ check, uploading, data, dataName }: BatchDraft): unknown {
  if (uploading) return uploading[1] > 1 ? `Sending ${uploading[0] + 1} of ${uploading[1]} pictures…` : 'Sending the file…';
  if (!check) return 'Looking…';
  if (check.problemCount > 0)
    return html`<strong class="bad">${check.problemCount === 1 ? 'One problem' : `${check.problemCount} problems`}</strong>`;
  const rows = html`<strong>${check.count.toLocaleString()} ${check.count === 1 ? 'row' : 'rows'}</strong>`;
  const from = data === null ? '' : ` from ${dataName}`;
  const time = check.estimate
    ? html` · about <strong>${durationText(check.estimate.seconds)}</strong> <span class="soft">(as ${check.estimate.from})</span>`
    : html` <span class="soft">· how long is known after the first rows</span>`;
  return html`${rows}<span class="soft">${from}</span>${time}`;
}

function source({ batches }: Editor, { data, dataName }: BatchDraft): TemplateResult {
  const files = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    void batches.take([...(input.files ?? [])]);
    input.value = '';
  };
  return html`<section class="batch-source" aria-label="Data">
    <label class="button"
      >${icon('open')} Table or pictures…<input
        type="file"
        multiple
        class="hidden-file"
        aria-label="A table or pictures"
        accept=".csv,.tsv,.txt,.jsonl,.ndjson,image/*"
        @change=${files} /></label
    ><label class="button"
      >${icon('open')} Folder of pictures…<input
        type="file"
        class="hidden-file"
        aria-label="A folder of pictures"
        webkitdirectory
        @change=${files} /></label
    ><input
      class="path"
      aria-label="A path on the server"
      placeholder="or a path on the server: rows.csv, photos/"
      .value=${live(data && 'path' in data ? data.path : '')}
      @change=${(event: Event) => batches.usePath((event.target as HTMLInputElement).value)}
    />
    <p class="soft">
      ${data === null ? 'Drop a .csv, .tsv or .jsonl file here: every line becomes a row that the graph runs with. Pictures become a row each.' : html`<strong>${dataName}</strong>`}
    </p>
  </section>`;
}

const options = (choices: readonly TargetChoice[], chosen: string): readonly TemplateResult[] =>
  [...Map.groupBy(choices, ({ target }) => target.slice(0, target.lastIndexOf('.'))).values()].map(
    (inputs) =>
      html`<optgroup label=${inputs[0]!.node}>
        ${inputs.map(({ target, node, label, linked }) => html`<option value=${target} .selected=${live(target === chosen)}>${node} · ${label}${linked ? ' (linked)' : ''}</option>`)}
      </optgroup>`,
  );

function table({ batches }: Editor, draft: BatchDraft, check: BatchCheck, choices: readonly TargetChoice[]): TemplateResult {
  const wrong = new Map(check.problems.map((problem) => [`${problem.row} ${problem.column}`, problem.message]));
  return html`<div class="batch-table" tabindex="0" role="region" aria-label="First rows">
    <table>
      <thead>
        <tr>
          ${check.columns.map(({ column, targets }) => {
            const chosen = targets[0] ?? '';
            const type = choices.find(({ target }) => target === chosen)?.type;
            return html`<th scope="col" class=${chosen === '' ? 'unused' : ''}>
              <span class="column">${column}</span>
              <select
                aria-label="What column ${column} sets"
                @change=${(event: Event) => batches.set({ map: { ...draft.map, [column]: (event.target as HTMLSelectElement).value || null } })}
              >
                <option value="" .selected=${live(chosen === '')}>carried along</option>
                ${options(choices, chosen)}
              </select>
              <span class="soft type">${type ? describeType(type) : 'into the results'}</span>
            </th>`;
          })}
        </tr>
      </thead>
      <tbody>
        ${check.preview.slice(0, ROWS).map(
          (row, i) =>
            html`<tr>
              ${check.columns.map(({ column }) => {
                const problem = wrong.get(`${i + 1} ${column}`);
                const cell = row[column];
                return html`<td class=${problem ? 'bad' : ''} title=${problem ?? (cell === null || cell === undefined ? '' : String(cell))}>
                  ${cell === null || cell === undefined || cell === '' ? html`<span class="faint">–</span>` : shortCell(String(cell))}
                </td>`;
              })}
            </tr>`,
        )}
      </tbody>
    </table>
    ${check.dataRows > ROWS ? html`<p class="soft rest">and ${(check.dataRows - Math.min(ROWS, check.preview.length)).toLocaleString()} more</p>` : nothing}
  </div>`;
}
const shortCell = (cell: string): string => (/^asset:sha256:/.test(cell) ? 'picture' : cell.length > 80 ? `${cell.slice(0, 78)}…` : cell);

function more({ batches }: Editor, draft: BatchDraft, choices: readonly TargetChoice[]): TemplateResult {
  const { matrix, runs, stopAfterErrors, check } = draft;
  const set = (i: number, change: Partial<(typeof matrix)[number]>): void =>
    batches.set({ matrix: matrix.map((side, at) => (at === i ? { ...side, ...change } : side)) });
  const whole = (event: Event): number | null => {
    const value = Number((event.target as HTMLInputElement).value);
    return Number.isInteger(value) && value >= 1 ? value : null;
  };
  return html`<section class="batch-more" aria-label="Combinations">
    ${matrix.map(
      ({ target, values }, i) =>
        html`<div class="side">
          <span aria-hidden="true">×</span>
          <select
            aria-label="Input of side ${i + 1} of the matrix"
            @change=${(event: Event) => set(i, { target: (event.target as HTMLSelectElement).value })}
          >
            <option value="" .selected=${live(target === '')}>choose an input…</option>
            ${options(choices, target)}
          </select>
          <input
            aria-label="Values of side ${i + 1} of the matrix"
            placeholder="10, 20, 30 or 1..5"
            .value=${live(values)}
            @input=${(event: Event) => set(i, { values: (event.target as HTMLInputElement).value })}
          />
          <span class="soft">${counted(check, target)}</span>
          <button
            class="quiet"
            aria-label="Remove side ${i + 1}"
            @click=${() => batches.set({ matrix: matrix.filter((_, at) => at !== i) })}
          >
            ${icon('close')}
          </button>
        </div>`,
    )}
    <div class="numbers">
      <button @click=${() => batches.set({ matrix: [...matrix, { target: '', values: '' }] })}>${icon('plus')} Combine with values</button>
      <label
        >Runs of each row
        <input
          type="number"
          min="1"
          aria-label="Runs of each row"
          .value=${live(String(runs))}
          @change=${(event: Event) => batches.set({ runs: whole(event) ?? 1 })} /></label
      ><label
        >Stop after errors
        <input
          type="number"
          min="1"
          placeholder="never"
          aria-label="Stop after errors"
          .value=${live(stopAfterErrors === null ? '' : String(stopAfterErrors))}
          @change=${(event: Event) => batches.set({ stopAfterErrors: whole(event) })}
      /></label>
    </div>
    ${check && check.seeds.length > 0 ? html`<p class="soft">Seeds count up from run to run: ${check.seeds.join(', ')}</p>` : nothing}
  </section>`;
}
const counted = (check: BatchCheck | null, target: string): string => {
  const side = check?.matrix.find((one) => one.target === target);
  return side ? `${side.values.length} values` : '';
};

function verdict({ checking, data }: BatchDraft, { problems, problemCount, notes }: BatchCheck): unknown {
  const line = ({ message }: BatchProblem) => html`<li>${message}</li>`;
  if (problemCount === 0)
    return notes.length === 0 || data === null
      ? nothing
      : html`<ul class="batch-notes soft">
          ${notes.map((note) => html`<li>${note}</li>`)}
        </ul>`;
  return html`<ul class="batch-problems ${checking ? 'old' : ''}" role="alert">
    ${problems.slice(0, PROBLEMS).map(line)}
    ${problemCount > PROBLEMS ? html`<li class="soft">and ${problemCount - PROBLEMS} more</li>` : nothing}
  </ul>`;
}
