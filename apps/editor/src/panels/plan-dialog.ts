// What a run would do, before it is started: what runs and why, how long it may take, which models it opens, what is missing.
import { durationText, fileSizeText, type Forecast, type ForetoldRun, type ForetoldStep, type Problem } from '@facewright/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import { label } from '../canvas/label.ts';
import type { Editor } from '../editor.ts';
import { titleOnWay } from '../canvas/document.ts';
import { dateTime, withoutNode } from '../state/format.ts';
import { icon } from './icons.ts';
import { modal } from './modal.ts';

const counted = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

/** What the time goes by, for a hint. */
const basisWords = ({ basis, runs, memory }: Forecast): string =>
  `By ${counted(runs, 'earlier run')} with ${basis === 'same settings' ? 'these settings' : basis}${memory === null ? '' : `; took ${fileSizeText(memory)} of memory`}`;

/** "3 nodes run, about 12 s; 4 come from the cache". */
export function summary({ plan, total }: ForetoldRun): string {
  const running = plan.filter(({ action }) => action !== 'cached').length;
  const cached = plan.length - running;
  if (running === 0) return 'Nothing to compute: every result is in the cache.';
  const known = running - total.unknown;
  const time =
    known === 0
      ? 'time unknown, as nothing like it ran here before'
      : `about ${durationText(total.seconds)}${total.unknown > 0 ? ` and ${counted(total.unknown, 'node')} of which nothing is known` : ''}`;
  const memory = total.memory === null ? '' : `, ${fileSizeText(total.memory)} of memory`;
  return `${counted(running, 'node')} to run, ${time}${memory}${cached > 0 ? `; ${cached} from the cache` : ''}.`;
}

const titleOf = (editor: Editor, node: string): string => editor.canvas.node(node)?.title ?? node;
/** Shows the node behind the dialog. */
const show = (editor: Editor, node: string) => (): void => {
  editor.closeDialog();
  editor.focusNode(node);
};

function row(editor: Editor, step: ForetoldStep, longest: number): TemplateResult {
  const { node, action, reason, forecast, resumes } = step;
  return html`<li>
    <button class="plan-row ${action}" @click=${show(editor, node)}>
      <span class="mark" aria-hidden="true"></span>
      <span class="node-title">${titleOf(editor, node)}</span>
      <span class="plan-time" title=${forecast ? basisWords(forecast) : nothing}>
        ${
          action === 'cached'
            ? 'from the cache'
            : forecast
              ? html`<span class="bar thin"><span .style=${`width:${longest > 0 ? (100 * forecast.seconds) / longest : 0}%`}></span></span
                  >${forecast.basis === 'same settings' ? '' : '≈ '}${durationText(forecast.seconds)}`
              : action === 'open'
                ? 'perhaps'
                : 'unknown'
        }
      </span>
      <span class="node-reason">${reason}${resumes === null ? '' : `; goes on from what was kept on ${dateTime(resumes)}`}</span>
    </button>
  </li>`;
}

const wrong = (editor: Editor, { message, node, port }: Problem): TemplateResult =>
  html`<li>
    <button class="problem" ?disabled=${node === undefined} @click=${node === undefined ? nothing : show(editor, node)}>
      ${icon('warn')}<span
        ><strong>${node === undefined ? 'Graph' : titleOf(editor, node)}${port ? `, ${label(port)}` : ''}</strong>
        ${withoutNode(message)}</span
      >
    </button>
  </li>`;

/** What does not run because somebody said so, and what lacks a result for it. */
function leftOut(editor: Editor): TemplateResult | typeof nothing {
  const { skipped, catalogue } = editor.state;
  const graph = editor.canvas.read();
  const muted = Object.entries(graph.nodes).flatMap(([id, { mode }]) => (mode === 'muted' ? [[id, 'It is muted'] as const] : []));
  const lacking = [...skipped].map(([way, title]) => [way, `It needs ${title}, which is muted`] as const);
  if (muted.length + lacking.length === 0) return nothing;
  return html`<h3>Left out</h3>
    <ul class="plan-rows" aria-label="Left out">
      ${[...muted, ...lacking].map(
        ([way, why]) =>
          html`<li>
            <button class="plan-row" @click=${show(editor, way.split(':')[0]!)}>
              <span class="mark" aria-hidden="true"></span><span class="node-title">${titleOnWay(graph, catalogue, way)}</span
              ><span class="plan-time">does not run</span><span class="node-reason">${why}</span>
            </button>
          </li>`,
      )}
    </ul>`;
}

function body(editor: Editor, foretold: ForetoldRun): TemplateResult {
  const { plan, problems, missing, models } = foretold;
  const inTheWay = [...problems, ...missing];
  const longest = Math.max(0, ...plan.map(({ forecast }) => forecast?.seconds ?? 0));
  return html`
    ${
      inTheWay.length > 0
        ? html`<div class="problems">
            <h3>${problems.length > 0 ? 'The graph cannot run yet' : 'Missing: the run would fail here'}</h3>
            <ul>
              ${inTheWay.map((problem) => wrong(editor, problem))}
            </ul>
          </div>`
        : nothing
    }
    ${
      plan.length === 0
        ? nothing
        : html`<p class="plan-summary">${summary(foretold)}</p>
            <ol class="plan-rows">
              ${plan.map((step) => row(editor, step, longest))}
            </ol>`
    }
    ${leftOut(editor)}
    ${
      models.length === 0
        ? nothing
        : html`<h3>Models that are opened</h3>
            <ul class="plan-models">
              ${models.map(
                ({ name, bytes, nodes }) =>
                  html`<li>
                    <span class="plan-model" title=${name}><bdi>${name}</bdi></span
                    ><span class="soft">${bytes === null ? 'missing' : fileSizeText(bytes)}</span
                    ><span class="soft">for ${nodes.map((node) => titleOf(editor, node)).join(', ')}</span>
                  </li>`,
              )}
            </ul>`
    }
  `;
}

export function planDialog(editor: Editor, foretold: ForetoldRun | null): TemplateResult {
  return modal({
    title: 'What would run?',
    name: 'plan',
    close: () => editor.closeDialog(),
    body: foretold === null ? html`<p class="empty">Looking at what is stored…</p>` : body(editor, foretold),
    footer: html`<button @click=${() => editor.closeDialog()}>Back</button
      ><button
        class="primary"
        ?disabled=${foretold === null || foretold.problems.length > 0}
        @click=${() => {
          editor.closeDialog();
          void editor.run();
        }}
      >
        ${icon('play')} Run
      </button>`,
  });
}
