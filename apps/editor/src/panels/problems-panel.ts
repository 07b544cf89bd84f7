// Everything that is wrong, at once; a click shows the node.
import type { Problem } from '@facewright/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import { label } from '../canvas/label.ts';
import type { Editor } from '../editor.ts';
import type { EditorState } from '../state/editor-state.ts';
import { withoutNode } from '../state/format.ts';
import { icon } from './icons.ts';
import { emptyPanel } from './progress-panel.ts';

export const allProblems = ({ problems, run }: EditorState): readonly Problem[] => [...problems, ...(run?.problems ?? [])];

function row(editor: Editor, { code, message, node: inner, subgraph, port }: Problem): TemplateResult {
  const node = subgraph === undefined ? inner : editor.canvas.wayInto(subgraph, inner);
  const title = node === undefined ? subgraph : editor.canvas.titleOf(node);
  return html`<li>
    <button class="problem" ?disabled=${node === undefined} @click=${() => node !== undefined && editor.focusNode(node)}>
      ${icon('warn')}<span><strong>${title ?? 'Graph'}${port ? `, ${label(port)}` : ''}</strong> ${withoutNode(message)}</span
      ><code>${code}</code>
    </button>
  </li>`;
}

export function problemsPanel(editor: Editor): TemplateResult {
  const { problems, run } = editor.state;
  if (!problems.length && !run?.problems.length)
    return emptyPanel('No problems', 'The graph can be run. What is missing or does not fit is listed here, all at once, while you edit.');
  return html`
    <div class="problems">
      ${
        run?.problems.length
          ? html`<h3>In the run</h3>
              <ul>
                ${run.problems.map((problem) => row(editor, problem))}
              </ul>`
          : nothing
      }
      ${
        problems.length
          ? html`<h3>In the graph</h3>
              <ul>
                ${problems.map((problem) => row(editor, problem))}
              </ul>`
          : nothing
      }
    </div>
  `;
}
