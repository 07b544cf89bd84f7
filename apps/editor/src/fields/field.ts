// A field of the inspector for one port, as a native control that the keyboard reaches.
import { assetIdOf, describeType, type PortDescription } from '@facewright/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { assetUrl } from '../api/http.ts';
import { label } from '../canvas/label.ts';
import { portColour } from '../canvas/port-colours.ts';
import type { Editor } from '../editor.ts';
import { icon } from '../panels/icons.ts';
import { fieldText, randomSeed, stepOf } from './field-values.ts';

interface Field {
  readonly editor: Editor;
  readonly node: string;
  readonly port: PortDescription;
  readonly value: unknown;
  readonly linked: boolean;
  readonly lacking: boolean;
  readonly problem: string;
}
type Control = HTMLInputElement | HTMLTextAreaElement;

function take({ editor, node, port }: Field, control: Control): void {
  const problem = editor.setField(node, port, control.value);
  control.setCustomValidity(problem);
  control.title = problem;
  if (problem) editor.toast('bad', `${label(port.name)}: ${problem}.`);
}

function control(field: Field, id: string): TemplateResult {
  const { editor, node, port, value, linked } = field;
  const { type } = port;
  const text = fieldText(value);
  const change = (event: Event): void => take(field, event.target as Control);
  switch (type.kind) {
    case 'boolean':
      return html`<input
        id=${id}
        class="switch"
        type="checkbox"
        role="switch"
        ?disabled=${linked}
        .checked=${live(value === true)}
        @change=${(event: Event) => editor.setValue(node, port.name, (event.target as HTMLInputElement).checked)}
      />`;
    case 'choice':
      return html`<select
        id=${id}
        ?disabled=${linked}
        @change=${(event: Event) => editor.setValue(node, port.name, (event.target as HTMLSelectElement).value)}
      >
        ${value === undefined ? html`<option selected disabled>choose…</option>` : nothing}
        ${type.of.map((option) => html`<option value=${option} .selected=${live(option === value)}>${option}</option>`)}
      </select>`;
    case 'number':
      return html`<input
        id=${id}
        type="number"
        min=${type.min}
        max=${type.max}
        step=${type.integer ? stepOf(type) : 'any'}
        ?disabled=${linked}
        .value=${live(text)}
        @change=${change}
      />`;
    case 'seed':
      return html`<span class="seed-control"
        ><input id=${id} inputmode="numeric" ?disabled=${linked} .value=${live(text)} @change=${change} /><button
          class="quiet"
          aria-label="Pick a random ${label(port.name)}"
          ?disabled=${linked}
          @click=${() => editor.setValue(node, port.name, randomSeed())}
        >
          ${icon('dice')}
        </button></span
      >`;
    case 'text':
      if (type.maskOf !== undefined) return maskControl(field, id, type.maskOf);
      if (type.multiline) return html`<textarea id=${id} rows="4" ?disabled=${linked} .value=${live(text)} @change=${change}></textarea>`;
      return html`<input id=${id} ?disabled=${linked} .value=${live(text)} @change=${change} />`;
    case 'path': {
      const dropped = type.picture ? assetIdOf(text) : null;
      if (dropped) return assetControl(field, id, dropped, 'dropped picture');
      const input = html`<input
        id=${id}
        class="path"
        title=${text}
        spellcheck="false"
        placeholder=${type.judging ? 'judging:name' : type.models ? `${type.models}/…` : `/path/to/${type.of === 'folder' ? 'folder' : 'file'}`}
        ?disabled=${linked}
        .value=${live(text)}
        @change=${change}
        @keydown=${(event: KeyboardEvent) => type.models && event.key === 'ArrowDown' && open(event)}
      />`;
      const open = (event: Event): void => {
        const row = (event.currentTarget as Element).closest('.path-control');
        if (row) editor.openPicker(node, port, row.getBoundingClientRect());
        event.preventDefault();
      };
      if (type.judging)
        return html`<span class="path-control"
          >${input}<button
            class="quiet"
            aria-haspopup="dialog"
            aria-label="Choose a judging task"
            data-tip="Choose a judging task"
            data-tip-side="left"
            ?disabled=${linked}
            @click=${() => editor.judging.open({ node, port: port.name })}
          >
            ${icon('chevron')}
          </button></span
        >`;
      if (!type.models) return input;
      return html`<span class="path-control"
        >${input}<button
          class="quiet"
          aria-haspopup="dialog"
          aria-label="Choose from ${type.models}"
          data-tip="Choose from ${type.models}"
          data-tip-side="left"
          ?disabled=${linked}
          @click=${open}
        >
          ${icon('chevron')}
        </button></span
      >`;
    }
    default:
      // Every other kind arrives by a link.
      return html``;
  }
}

/** A picture that the server keeps, in place of its long name. */
const assetControl = ({ editor, node, port, linked }: Field, id: string, asset: string, words: string): TemplateResult =>
  html`<span class="asset-control"
    ><a href=${assetUrl({ id: asset })} target="_blank" rel="noopener" aria-label="Show the ${words}"
      ><img src=${assetUrl({ id: asset })} alt="" /></a
    ><span class="soft">${words}</span
    ><button
      id=${id}
      class="quiet"
      aria-label="Remove the ${words}"
      ?disabled=${linked}
      @click=${() => editor.setValue(node, port.name, undefined)}
    >
      ${icon('close')}
    </button></span
  >`;

const maskControl = (field: Field, id: string, of: string): TemplateResult => {
  const { editor, node, port, value, linked } = field;
  const asset = assetIdOf(fieldText(value));
  return html`<span class="mask-control"
    >${asset ? assetControl(field, `${id}-remove`, asset, 'painted mask') : nothing}<button
      id=${id}
      ?disabled=${linked}
      @click=${() => void editor.paintMask(node, port.name, of)}
    >
      ${icon('brush')} ${asset ? 'Paint on' : 'Paint mask'}
    </button></span
  >`;
};

export function field(about: Field): TemplateResult {
  const { port, linked, lacking, problem, node } = about;
  const id = `field-${node}-${port.name}`;
  const range = port.type.kind === 'number' ? `${port.type.min} to ${port.type.max}` : '';
  return html`
    <div class="field ${port.type.kind} ${lacking || problem ? 'lacking' : ''}">
      <label for=${id}
        ><span class="port-dot" .style=${`background:${portColour(port.type)}`}></span>${label(port.name)}<span class="soft"
          >${linked ? 'linked' : range}</span
        ></label
      >
      ${control(about, id)} ${problem ? html`<p class="bad">${problem}</p>` : lacking ? html`<p class="bad">Needed.</p>` : nothing}
      ${port.help ? html`<p class="help" title=${port.help}>${port.help}</p>` : nothing}
    </div>
  `;
}

/** An input that only a link can fill. */
export const linkField = ({
  port,
  linked,
  lacking,
  problem,
}: Pick<Field, 'port' | 'linked' | 'lacking' | 'problem'>): TemplateResult => html`
  <div class="field link ${lacking || problem ? 'lacking' : ''}">
    <span class="label"
      ><span class="port-dot" .style=${`background:${portColour(port.type)}`}></span>${label(port.name)}<span class="soft"
        >${describeType(port.type)}</span
      ></span
    >
    <span class=${linked ? 'linked' : lacking ? 'bad' : 'soft'}>${linked ? 'linked' : lacking ? 'needs a link' : 'optional'}</span>
    ${problem ? html`<p class="bad">${problem}</p>` : nothing}${port.help ? html`<p class="help" title=${port.help}>${port.help}</p>` : nothing}
  </div>
`;
