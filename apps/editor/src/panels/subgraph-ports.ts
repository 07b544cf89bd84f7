// Ports between a subgraph and what stands around it: of the open one all, of a node in it which of its own are seen outside.
import { html, nothing, type TemplateResult } from 'lit-html';
import { label } from '../canvas/label.ts';
import type { NodeView } from '../canvas/graph-canvas.ts';
import type { Editor } from '../editor.ts';
import { icon } from './icons.ts';

type Side = 'inputs' | 'outputs';
const sides: readonly (readonly [Side, string])[] = [
  ['inputs', 'Takes from outside'],
  ['outputs', 'Gives outside'],
];

function nameField(editor: Editor, side: Side, name: string): TemplateResult {
  const take = (event: Event): void => {
    const field = event.target as HTMLInputElement;
    if (field.value === name) return;
    if (!editor.canvas.renamePort(side, name, field.value.trim())) {
      editor.toast(
        'bad',
        `${field.value || 'An empty name'} cannot be the name: expected letters, digits and _, beginning with a letter, that no other port has.`,
      );
      field.value = name;
    }
  };
  return html`<input class="port-name" aria-label="Name of ${name} outside" spellcheck="false" .value=${name} @change=${take} />`;
}

/** In the place of the inspector while nothing is selected. */
export function subgraphPanel(editor: Editor): TemplateResult | typeof nothing {
  const { shown } = editor.canvas;
  if (!shown) return nothing;
  const row = (side: Side, name: string, ends: readonly (readonly [string, string])[]) =>
    html`<li>
      ${nameField(editor, side, name)}
      <span class="soft">${ends.map(([node, port]) => `${editor.canvas.node(node)?.title ?? node}, ${label(port)}`).join(' and ')}</span>
      <button
        class="quiet"
        aria-label="Remove ${name}"
        @click=${() => ends.forEach(([node, port]) => editor.canvas.setExposed(side, node, port, null))}
      >
        ${icon('trash')}
      </button>
    </li>`;
  return html`<aside class="inspector" aria-label="Open subgraph">
    <header><h2>${shown.title}</h2></header>
    <div class="inspector-body">
      <p class="summary">
        Nodes that are used as one. To show a port outside, select its node and tick it; the value that stands here is then its default.
      </p>
      ${sides.map(([side, title]) => {
        const ports = Object.entries(shown.ports[side]).map(([name, port]) => row(side, name, 'to' in port ? port.to : [port.from]));
        return html`<h3>${title}</h3>
          ${
            ports.length > 0
              ? html`<ul class="port-rows">
                  ${ports}
                </ul>`
              : html`<p class="soft">Nothing yet.</p>`
          }`;
      })}
    </div>
  </aside>`;
}

/** Which ports of a node are seen outside the subgraph that it stands in. */
export function exposeFields(editor: Editor, node: NodeView): TemplateResult | typeof nothing {
  if (!editor.canvas.shown || !node.description) return nothing;
  const row = (side: Side, port: string) => {
    const name = node.exposed[side].get(port);
    const linked = side === 'inputs' && node.linkedInputs.has(port);
    const tick = (event: Event): void =>
      editor.canvas.setExposed(side, node.id, port, (event.target as HTMLInputElement).checked ? port : null);
    return html`<li>
      <label class="expose"
        ><input
          type="checkbox"
          .checked=${name !== undefined}
          ?disabled=${linked && name === undefined}
          @change=${tick}
        />${label(port)}</label
      >
      ${name === undefined ? (linked ? html`<span class="soft">linked here</span>` : nothing) : nameField(editor, side, name)}
    </li>`;
  };
  const { inputs, outputs } = node.description;
  return html`<details class="more" ?open=${node.exposed.inputs.size + node.exposed.outputs.size > 0}>
    <summary>
      ${icon('chevron')} Seen outside <span class="soft">${node.exposed.inputs.size + node.exposed.outputs.size || 'nothing'}</span>
    </summary>
    <ul class="port-rows more-body">
      ${inputs.map(({ name }) => row('inputs', name))} ${outputs.map(({ name }) => row('outputs', name))}
    </ul>
  </details>`;
}

/** A subgraph once, or round after round. */
export function repeatFields(editor: Editor, node: NodeView): TemplateResult | typeof nothing {
  if (node.subgraph === null || !node.description) return nothing;
  const { inputs, outputs } = node.description;
  const times = node.repeat?.times ?? 1;
  const carry = node.repeat?.carry ?? {};
  const set = (newTimes: number, newCarry: Readonly<Record<string, string>>): void =>
    editor.canvas.setRepeat(node.id, newTimes > 1 ? { times: newTimes, carry: newCarry } : undefined);
  const takeTimes = (event: Event): void => {
    const wanted = Math.round(Number((event.target as HTMLInputElement).value));
    set(Number.isFinite(wanted) ? Math.min(10_000, Math.max(1, wanted)) : times, carry);
  };
  const takeCarry = (output: string) => (event: Event) => {
    const input = (event.target as HTMLSelectElement).value;
    const { [output]: _, ...others } = carry;
    set(times, input === '' ? others : { ...others, [output]: input });
  };
  return html`<button class="open-subgraph" @click=${() => editor.canvas.enter(node.id)}>${icon('external')} Open</button>
    <h3>Repeat</h3>
    <label class="repeat-times">Rounds<input type="number" min="1" max="10000" .value=${String(times)} @change=${takeTimes} /></label>
    ${
      times > 1
        ? outputs.map(
            ({ name }) =>
              html`<label class="repeat-carry"
                ><span>${label(name)} goes on as</span>
                <select @change=${takeCarry(name)}>
                  <option value="" ?selected=${carry[name] === undefined}>nothing</option>
                  ${inputs.map((input) => html`<option value=${input.name} ?selected=${carry[name] === input.name}>${label(input.name)}</option>`)}
                </select></label
              >`,
          )
        : nothing
    }`;
}
