// The selected node in full: what it is, every input as a native field, and what the run says of it.
import { describeType, isSubgraphType, isWidget, judgingTaskOf, type PortDescription } from '@facewright/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import { keyed } from 'lit-html/directives/keyed.js';
import { label } from '../canvas/label.ts';
import type { NodeView } from '../canvas/graph-canvas.ts';
import { portColour } from '../canvas/port-colours.ts';
import type { Editor } from '../editor.ts';
import { field, linkField } from '../fields/field.ts';
import { differs } from '../fields/field-values.ts';
import { runNodesShown } from '../state/editor-state.ts';
import { withoutNode } from '../state/format.ts';
import { problemsShown } from '../state/looks.ts';
import { icon } from './icons.ts';
import { statusWords } from './status.ts';
import { exposeFields, repeatFields, subgraphPanel } from './subgraph-ports.ts';

export function inspector(editor: Editor): TemplateResult | typeof nothing {
  const { state, canvas } = editor;
  const [id] = state.selection;
  const node = state.selection.length === 1 && id !== undefined ? canvas.node(id) : undefined;
  if (!node) return state.selection.length === 0 && state.inspector ? subgraphPanel(editor) : nothing;
  if (!state.inspector) {
    return html`<button
      class="inspector-tab quiet"
      aria-label="Show the fields of ${node.title}"
      data-tip="Fields of the node"
      data-tip-side="left"
      @click=${() => editor.update({ inspector: true })}
    >
      ${icon('info')}
    </button>`;
  }
  const run = runNodesShown(state).get(node.id);
  return html`
    <aside class="inspector" aria-label="Selected node">
      <header>
        <h2>${node.title}</h2>
        <button class="quiet" aria-label="Hide the fields" @click=${() => editor.update({ inspector: false })}>${icon('close')}</button>
      </header>
      ${keyed(
        node.id,
        html`<div class="inspector-body">
          ${node.description ? html`<p class="summary">${node.description.summary}</p>` : html`<p class="bad">${isSubgraphType(node.type) ? 'This document has no subgraph' : 'This server has no node type'} ${node.type}. The node is kept in the graph as it is.</p>`}
          ${run ? html`<p class="run-note ${run.status}"><strong>${statusWords(run)}</strong>${run.reason ? html`<span>${run.reason}</span>` : nothing}</p>` : nothing}
          ${run?.problem ? html`<p class="bad">${withoutNode(run.problem.message)}</p>` : nothing}
          ${
            run?.logs.length
              ? html`<ul class="logs">
                  ${run.logs.map(({ level, message }) => html`<li class=${level}>${message}</li>`)}
                </ul>`
              : nothing
          }
          ${
            // Whatever gave the name of a judging task has put one up.
            Object.values(run?.outputs ?? {}).some((value) => typeof value === 'string' && judgingTaskOf(value) !== null)
              ? html`<button class="judge-button" @click=${() => editor.judging.open()}>${icon('judge')} Judge…</button>`
              : nothing
          }
          ${node.mode ? html`<p class="soft">${node.mode === 'muted' ? 'Muted: neither this node nor what cannot do without it runs.' : 'Bypassed: what comes in goes out.'}</p>` : nothing}
          ${state.skipped.has([...state.path, node.id].join(':')) ? html`<p class="soft">Skipped: it cannot do without “${state.skipped.get([...state.path, node.id].join(':'))}”, which is muted.</p>` : nothing}
          ${repeatFields(editor, node)} ${fields(editor, node)} ${exposeFields(editor, node)}
          ${
            node.description?.outputs.length
              ? html`<h3>Gives</h3>
                  ${node.description.outputs.map(
                    (port) =>
                      html`<div class="field link">
                        <span class="label"
                          ><span class="port-dot" .style=${`background:${portColour(port.type)}`}></span>${label(port.name)}<span
                            class="soft"
                            >${describeType(port.type)}</span
                          ></span
                        >
                      </div>`,
                  )}`
              : nothing
          }
          <p class="type-name">${node.type}${node.description ? ` · version ${node.description.version}` : ''} · ${node.id}</p>
        </div>`,
      )}
    </aside>
  `;
}

/** Links and what is usually set first; the rest folded away, with what is inside told. */
function fields(editor: Editor, node: NodeView): unknown {
  const { showProblems, more } = editor.state;
  const wrong = new Map(
    (showProblems ? problemsShown(editor.state) : [])
      .filter((problem) => problem.node === node.id)
      .map(({ port, message }) => [port, withoutNode(message)]),
  );
  const inputs = node.description?.inputs ?? [];
  const shown = (port: PortDescription): TemplateResult => {
    const about = {
      port,
      // What the subgraph takes from outside is as good as linked, where nothing can be typed.
      linked: node.linkedInputs.has(port.name) || (!isWidget(port.type) && node.exposed.inputs.has(port.name)),
      lacking: node.unfilled.has(port.name),
      problem: wrong.get(port.name) ?? '',
    };
    return isWidget(port.type)
      ? field({ ...about, editor, node: node.id, value: node.values[port.name] ?? port.default })
      : linkField(about);
  };
  const advanced = inputs.filter((port) => port.advanced);
  const usual = inputs.filter((port) => !port.advanced).map(shown);
  if (!advanced.length) return usual;
  const changed = advanced.filter(({ name, default: value }) => node.linkedInputs.has(name) || differs(node.values[name], value)).length;
  const bad = advanced.some(({ name }) => wrong.has(name) || node.unfilled.has(name));
  const toggle = (event: Event): void => {
    event.preventDefault();
    editor.setMore(node.type, !more.has(node.type));
  };
  return html`${usual}
    <details class="more" ?open=${bad || more.has(node.type)}>
      <summary @click=${toggle}>
        ${icon('chevron')} More settings <span class="soft">${changed ? `${changed} of ${advanced.length} changed` : advanced.length}</span>
      </summary>
      <div class="more-body">${advanced.map(shown)}</div>
    </details>`;
}
