// The report of an Evaluator: its HTML in a frame that may run nothing.
import { html, nothing, type TemplateResult } from 'lit-html';
import { assetUrl } from '../api/http.ts';
import type { Editor } from '../editor.ts';
import { describeRunNode, runNodeTitle } from '../state/editor-state.ts';
import { reportsOf } from '../state/results.ts';
import { icon } from './icons.ts';
import { emptyPanel } from './progress-panel.ts';

export function reportPanel(editor: Editor): TemplateResult {
  const { state } = editor;
  const reports = state.run ? reportsOf(state.run, (node) => describeRunNode(state, node)) : [];
  const found = reports[Math.min(state.report, reports.length - 1)];
  if (!found)
    return emptyPanel(
      'No report yet',
      'A graph that ends in an Evaluator reports here whether faces got better, with intervals, pictures and a table.',
    );
  const { report } = found;
  return html`
    <div class="report">
      <div class="report-head">
        ${
          reports.length > 1
            ? html`<select
                aria-label="Report"
                @change=${(event: Event) => editor.update({ report: (event.target as HTMLSelectElement).selectedIndex })}
              >
                ${reports.map(({ node, report: each }) => html`<option>${runNodeTitle(state, node)}: ${each.title}</option>`)}
              </select>`
            : nothing
        }
        <p><strong>${report.title}</strong> ${report.summary}</p>
        <a class="button" href=${assetUrl(report.html)} target="_blank" rel="noopener">${icon('external')} Open in a tab</a>
        <a class="button" href=${assetUrl(report.json)} download="report.json">${icon('download')} JSON</a>
        ${report.csv ? html`<a class="button" href=${assetUrl(report.csv)} download="report.csv">${icon('download')} CSV</a>` : nothing}
      </div>
      <iframe title=${report.title} src=${assetUrl(report.html)} sandbox="" loading="lazy"></iframe>
    </div>
  `;
}
