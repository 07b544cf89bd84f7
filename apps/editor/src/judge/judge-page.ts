// The page of an annotator, drawn from its state.
import type { Choice } from '@facewright/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import { keyed } from 'lit-html/directives/keyed.js';
import type { Judging } from './judging.ts';
import type { QueueState } from './vote-queue.ts';

export interface PageState {
  readonly judging: Judging;
  /** Pictures of the set that is shown: loaded, or failed. */
  readonly loaded: ReadonlySet<number>;
  readonly failed: ReadonlySet<number>;
  readonly minutesLeft: number | null;
  readonly showKeys: boolean;
  choose(choice: Choice): void;
  next(): void;
  undo(): void;
  retryPictures(): void;
  pictureLoaded(shown: number): void;
  pictureFailed(shown: number): void;
  setGoOn(goOn: boolean): void;
  toggleKeys(): void;
}

const sets = (count: number) => (count === 1 ? '1 set' : `${count} sets`);
const keysHelp: readonly (readonly [string, string])[] = [
  ['1 2 3, or arrows', 'This picture is the best'],
  ['0, or space', 'A tie: none is better'],
  ['N', 'No face: a picture shows none'],
  ['U, or backspace', 'Take the last answer back'],
  ['Enter', 'Next; unanswered sets come again'],
  ['?', 'These keys'],
];

export function judgePage(state: PageState): TemplateResult {
  const { phase } = state.judging;
  switch (phase.kind) {
    case 'loading':
      return message('Loading…', []);
    case 'failed':
      return failed(state, phase.why);
    case 'finished':
      return state.judging.task.sets.length === 0
        ? message('There is nothing to judge', ['This task has no pictures. Tell whoever sent you the link.'])
        : finished(state);
    case 'judging':
      return judgingView(state);
  }
}

const message = (title: string, lines: readonly string[], actions: unknown = nothing): TemplateResult =>
  html`<main class="message" role="status">
    <h1>${title}</h1>
    ${lines.map((line) => html`<p>${line}</p>`)} ${actions}
  </main>`;

function failed({ judging }: PageState, why: string): TemplateResult {
  const kept = judging.queue.pending.length;
  const unsent = kept > 0 ? [`${kept} of your answers are kept in this browser and not sent yet.`] : [];
  const again = html`<button class="primary" @click=${() => void judging.start()}>Try again</button>`;
  return why === 'gone'
    ? message('This link does not work', [
        'It may have been withdrawn, or cut short when it was copied. Ask whoever sent it for a new one.',
        ...unsent,
      ])
    : message('The server does not answer', ['Your answers until now are safe. Wait a moment, then try again.', ...unsent], again);
}

function finished(state: PageState): TemplateResult {
  const { judging } = state;
  return html`${header(state)}
    <main class="message" role="status">
      <h1>All ${sets(judging.task.sets.length)} are judged</h1>
      <p>
        ${judging.queue.state.kind === 'saved' ? 'Your answers are saved. Thank you; you may close this page.' : 'Keep this page open until your answers are saved.'}
      </p>
      <button @click=${state.undo} ?disabled=${!judging.canUndo}>Back to the last one <kbd>U</kbd></button>
    </main>
    ${notice(judging.queue.state)}`;
}

function header({ judging, minutesLeft, toggleKeys }: PageState): TemplateResult {
  const { task, judged } = judging;
  const total = task.sets.length;
  return html`<header>
    <progress max=${total} value=${judged} aria-label="Judged"></progress>
    <span class="count">${judged} of ${total}</span>
    ${minutesLeft === null ? nothing : html`<span class="soft">about ${minutesLeft < 1 ? '1' : Math.round(minutesLeft)} min left</span>`}
    <span class="spread"></span>
    <span class="soft who">${task.annotator}</span>
    <span class="soft saved"
      >${judging.queue.state.kind === 'saved' ? 'Saved' : judging.queue.state.kind === 'sending' ? 'Saving…' : 'Not saved'}</span
    >
    <button class="quiet" aria-label="Keys" @click=${toggleKeys}>?</button>
  </header>`;
}

function notice(queue: QueueState): TemplateResult | typeof nothing {
  if (queue.kind === 'waiting')
    return html`<p class="notice" role="alert">
      The server does not answer. ${answers(queue.votes)} kept in this browser and sent as soon as it does. You can go on.
    </p>`;
  if (queue.kind === 'stuck')
    return html`<p class="notice" role="alert">
      ${queue.why === 'gone' ? 'This link no longer works; it was withdrawn.' : 'The server did not take your last answers.'}
      ${answers(queue.votes)} kept in this browser. Tell whoever sent you the link.
    </p>`;
  return nothing;
}
const answers = (votes: number) => (votes === 1 ? '1 answer is' : `${votes} answers are`);

function judgingView(state: PageState): TemplateResult {
  const { judging, loaded, failed: broken, showKeys } = state;
  const set = judging.set!;
  const { choice } = judging;
  const ready = loaded.size === set.pictures;
  const chosen = (value: Choice) => String(choice === value);
  return html`${header(state)}
    <main class="set">
      <h1>${judging.task.question}</h1>
      <p class="caption">${set.caption || html`&nbsp;`}</p>
      <div class="pictures n${set.pictures}" role="group" aria-label="Pictures">
        ${Array.from(
          { length: set.pictures },
          (_, shown) =>
            html`<button
              class="picture"
              aria-pressed=${chosen(shown)}
              aria-label="Picture ${shown + 1} of ${set.pictures}"
              ?disabled=${!ready}
              @click=${() => state.choose(shown)}
            >
              ${
                // A new element for each set: the picture before is never seen in the place of the new one.
                keyed(
                  set.set,
                  html`<img
                    src=${judging.pictureOf(shown)}
                    alt=""
                    draggable="false"
                    class=${loaded.has(shown) ? 'shown' : ''}
                    @load=${() => state.pictureLoaded(shown)}
                    @error=${() => state.pictureFailed(shown)}
                  />`,
                )
              }
              <span class="number"><kbd>${shown + 1}</kbd></span>
            </button>`,
        )}
      </div>
      ${
        broken.size > 0
          ? html`<p class="notice" role="alert">
              ${broken.size === 1 ? 'A picture' : `${broken.size} pictures`} did not load.
              <button @click=${state.retryPictures}>Try again</button> or go on with <kbd>Enter</kbd>; the set comes again.
            </p>`
          : nothing
      }
      <div class="answers" role="group" aria-label="Other answers">
        <button aria-pressed=${chosen('tie')} ?disabled=${!ready} @click=${() => state.choose('tie')}>Tie <kbd>0</kbd></button>
        <button aria-pressed=${chosen('no face')} ?disabled=${!ready} @click=${() => state.choose('no face')}>No face <kbd>N</kbd></button>
        <button ?disabled=${!judging.canUndo} @click=${state.undo}>Undo <kbd>U</kbd></button>
        <button class=${choice === null ? '' : 'primary'} @click=${state.next}>
          ${choice === null ? 'Later' : 'Next'} <kbd>Enter</kbd>
        </button>
        <label class="go-on"
          ><input
            type="checkbox"
            .checked=${judging.goOn}
            @change=${(event: Event) => state.setGoOn((event.target as HTMLInputElement).checked)}
          />
          Go on by itself</label
        >
      </div>
    </main>
    ${notice(judging.queue.state)}
    ${
      showKeys
        ? html`<aside class="keys" aria-label="Keys">
            <dl>
              ${keysHelp.map(
                ([key, means]) =>
                  html`<dt>${key}</dt>
                    <dd>${means}</dd>`,
              )}
            </dl>
          </aside>`
        : nothing
    }`;
}

/** What a screen reader is told when the set changes or something is chosen. */
export function announcement({ phase, task, set, choice, judged }: Judging): string {
  if (phase.kind !== 'judging' || !set) return '';
  if (choice !== null) return choice === 'tie' ? 'Tie chosen' : choice === 'no face' ? 'No face chosen' : `Picture ${choice + 1} chosen`;
  return `Set ${judged + 1} of ${task.sets.length}, ${set.pictures} pictures. ${set.caption}`;
}
