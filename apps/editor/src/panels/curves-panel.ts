// Curves of the run: one chart per node and metric, live.
import { html, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { label } from '../canvas/label.ts';
import type { Editor } from '../editor.ts';
import { runNodeTitle } from '../state/editor-state.ts';
import { number } from '../state/format.ts';
import type { Curve } from '../state/run-state.ts';
import './loss-chart.ts';
import { emptyPanel } from './progress-panel.ts';

const chart = (editor: Editor, curve: Curve): TemplateResult => html`
  <figure class="curve">
    <figcaption>
      <button class="link" @click=${() => editor.focusNode(curve.node)}>${runNodeTitle(editor.state, curve.node)}</button
      ><strong>${label(curve.name)}</strong
      ><span class="soft">${number(curve.values.at(-1) ?? NaN)} at step ${curve.steps.at(-1) ?? 0}</span>
    </figcaption>
    <fw-loss-chart .curve=${curve} role="img" aria-label="${label(curve.name)} by step"></fw-loss-chart>
  </figure>
`;

export function curvesPanel(editor: Editor): TemplateResult {
  const curves = editor.state.run?.curves;
  if (!curves?.size) return emptyPanel('No curves yet', 'When a trainer runs, its losses are drawn here step by step.');
  return html`<div class="curves">
    ${repeat(
      curves,
      ([key]) => `${editor.state.run?.id} ${key}`,
      ([, curve]) => chart(editor, curve),
    )}
  </div>`;
}
