// The dialog of judging tasks: each with its annotators, how far they are, their links, and the export.
import type { JudgingSummary } from '@facewright/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import { exportUrl } from '../api/http.ts';
import type { Editor } from '../editor.ts';
import { icon } from '../panels/icons.ts';
import { modal } from '../panels/modal.ts';
import type { Dialog } from '../state/editor-state.ts';
import { dateTime } from '../state/format.ts';
import { linkOf } from './judging-desk.ts';

export function judgingDialog(editor: Editor, { tasks, field, problem }: Extract<Dialog, { readonly kind: 'judging' }>): TemplateResult {
  return modal({
    title: 'Judging',
    name: 'judging',
    close: () => editor.closeDialog(),
    body: html`${problem ? html`<p class="bad" role="alert">${problem}</p>` : nothing}
    ${
      tasks === null
        ? html`<p class="empty">Loading…</p>`
        : tasks.length === 0
          ? html`<p class="empty">Nothing is put up to be judged yet. The node “Judgement set” puts pictures up when its graph runs.</p>`
          : tasks.map((task) => taskView(editor, task, field !== null))
    }`,
  });
}

function taskView(
  { judging }: Editor,
  { name, created, question, labels, sets, annotators }: JudgingSummary,
  choosing: boolean,
): TemplateResult {
  const add = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    if (await judging.addAnnotator(name, String(new FormData(form).get('name')))) form.reset();
  };
  return html`<section class="judging-task" aria-label="Judging task ${name}">
    <header>
      <h3>${name}</h3>
      <span class="soft">${sets} sets · ${labels.join(', ')} · ${dateTime(created)}</span>
      <span class="spread"></span>
      ${choosing ? html`<button class="primary" @click=${() => judging.choose(name)}>Use this task</button>` : nothing}
      <a class="button" href=${exportUrl(name, 'jsonl')} download>JSONL</a><a class="button" href=${exportUrl(name, 'csv')} download>CSV</a
      ><button
        class="quiet"
        aria-label="Delete ${name} and its votes"
        @click=${() => window.confirm(`Delete “${name}” with all votes? Links of annotators stop working.`) && void judging.remove(name)}
      >
        ${icon('trash')}
      </button>
    </header>
    <p class="soft">“${question}” Annotators do not learn what drew which picture.</p>
    <ul>
      ${annotators.map((annotator) => {
        const link = linkOf(annotator.token);
        return html`<li class=${annotator.withdrawn === null ? '' : 'withdrawn'}>
          <strong>${annotator.name}</strong>
          <progress max=${sets} value=${annotator.judged} aria-label="Judged by ${annotator.name}"></progress>
          <span class="soft count">${annotator.judged} of ${sets}</span>
          ${
            annotator.withdrawn === null
              ? html`<input
                    readonly
                    aria-label="Link of ${annotator.name}"
                    .value=${link}
                    @focus=${(event: Event) => (event.target as HTMLInputElement).select()}
                  />
                  <button @click=${() => void judging.copy(annotator.token)}>Copy</button
                  ><a class="button" href=${link} target="_blank" rel="noopener" aria-label="Judge as ${annotator.name}"
                    >${icon('external')} Judge…</a
                  ><button
                    class="quiet"
                    aria-label="Withdraw the link of ${annotator.name}"
                    data-tip="Withdraw the link; votes stay"
                    data-tip-side="left"
                    @click=${() => void judging.withdraw(name, annotator.token)}
                  >
                    ${icon('close')}
                  </button>`
              : html`<span class="soft">link withdrawn, votes kept</span>`
          }
        </li>`;
      })}
    </ul>
    <form @submit=${(event: SubmitEvent) => void add(event)}>
      <input
        name="name"
        required
        maxlength="80"
        placeholder="Name of an annotator"
        aria-label="Name of one more annotator of ${name}"
      /><button type="submit">${icon('plus')} Make a link</button>
    </form>
  </section>`;
}
