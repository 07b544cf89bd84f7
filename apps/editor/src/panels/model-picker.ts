// The picker of a path field that wants a model: the files of the models folders, filtered by typing; a typed path is taken as well.
import { fileSizeText, type PortDescription } from '@facewright/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import { ref } from 'lit-html/directives/ref.js';
import type { ModelListing } from '../api/http.ts';
import { label } from '../canvas/label.ts';
import type { Editor } from '../editor.ts';
import { date } from '../state/format.ts';
import { findModels } from './find-models.ts';
import { floating } from './floating.ts';
import { icon } from './icons.ts';
import { focused } from './when-shown.ts';

const WIDTH = 400;
const HEIGHT = 420;
/** Rows beyond these are not drawn: nobody scrolls through them, and typing narrows them. */
const MOST_ROWS = 200;

interface Row {
  readonly path: string;
  readonly content: TemplateResult;
}

export function modelPicker(editor: Editor): TemplateResult | typeof nothing {
  const { picker } = editor.state;
  const node = picker && editor.canvas.node(picker.node);
  if (!picker || !node) return nothing;
  const { port, box, query, listing, problem } = picker;
  const current = node.values[port.name] ?? port.default;
  const found = listing ? findModels(listing.models, query) : [];
  const rows = [...found.slice(0, MOST_ROWS).map(modelRow), ...otherRows(port, query, listing, found.length)];
  const chosen = Math.min(picker.chosen ?? Math.max(0, query ? 0 : rows.findIndex(({ path }) => path === current)), rows.length - 1);
  const close = (): void => editor.closePicker();
  const pick = (at: number): void => {
    const row = rows[at];
    if (!row) return;
    editor.setValue(picker.node, port.name, row.path);
    close();
  };
  const key = (event: KeyboardEvent): void => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) editor.update({ picker: { ...picker, chosen: (chosen + move + rows.length) % Math.max(1, rows.length) } });
    else if (event.key === 'Enter') pick(chosen);
    else if (event.key === 'Tab' || event.key === 'Escape') close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`
    <div class="scrim" @pointerdown=${close}></div>
    <div
      class="search-box model-picker floating"
      role="dialog"
      aria-label="Choose a file for ${label(port.name)}"
      .style=${floating({ x: box.x, y: box.bottom + 4 }, WIDTH, HEIGHT)}
    >
      <input
        type="text"
        role="combobox"
        spellcheck="false"
        aria-expanded="true"
        aria-controls="models-found"
        aria-activedescendant=${chosen >= 0 ? `model-${chosen}` : ''}
        placeholder="Type to filter, or type a path"
        aria-label="Filter models, or type a path"
        .value=${query}
        ${focused()}
        @input=${(event: Event) => editor.update({ picker: { ...picker, query: (event.target as HTMLInputElement).value, chosen: null } })}
        @keydown=${key}
      />
      <ul id="models-found" role="listbox" aria-label="Models">
        ${rows.map(
          ({ path, content }, i) => html`
            <li
              id=${`model-${i}`}
              role="option"
              title=${path}
              aria-selected=${i === chosen}
              class=${path === current ? 'current' : ''}
              ${ref((element) => i === chosen && queueMicrotask(() => element?.scrollIntoView({ block: 'nearest' })))}
              @click=${() => pick(i)}
            >
              ${icon(path === current ? 'check' : 'file')}${content}
            </li>
          `,
        )}
      </ul>
      ${found.length > MOST_ROWS ? html`<p class="picker-note">and ${found.length - MOST_ROWS} more: type to narrow the list</p>` : nothing}
      ${problem ? html`<p class="picker-note bad" role="alert">${problem}</p>` : listing ? note(listing, found.length, port) : html`<p class="picker-note">Looking…</p>`}
    </div>
  `;
}

function modelRow({ path, bytes, modified, kind }: ModelListing['models'][number]): Row {
  const parts = path.split('/');
  const inside = parts.slice(1, -1).join(' / ');
  const about = [inside, kind === 'folder' ? 'a folder' : '', date(modified)].filter((part) => part !== '');
  return {
    path,
    content: html`<span class="found-title">${parts.at(-1)}</span><span class="found-category">${fileSizeText(bytes)}</span
      ><span class="found-summary">${about.join(' · ')}</span>`,
  };
}

/** What is not in the list and can be had all the same: the default of the port, and what was typed when it looks like a path or nothing fits it. */
function otherRows(port: PortDescription, query: string, listing: ModelListing | null, found: number): Row[] {
  const typed = query.trim();
  const listed = (path: string) => listing?.models.some((model) => model.path === path) ?? false;
  const preset = typeof port.default === 'string' && port.default.includes(typed) && !listed(port.default) ? port.default : null;
  const row = (path: string, about: string): Row => ({
    path,
    content: html`<span class="found-title">${path}</span><span class="found-summary">${about}</span>`,
  });
  return [
    ...(preset === null ? [] : [row(preset, 'the default')]),
    ...(typed === '' || typed === preset || listed(typed) || (found > 0 && !/[/\\~]/.test(typed))
      ? []
      : [row(typed, 'use this path as it is typed')]),
  ];
}

/** Where it was looked; when nothing is there, how to change that. */
function note({ models, folders }: ModelListing, shown: number, { type }: PortDescription): TemplateResult {
  const folder = type.kind === 'path' ? (type.models ?? '') : '';
  const places = html`<ul class="picker-places">
    ${folders.map((place) => html`<li><code title=${place}>${place}/${folder}</code></li>`)}
  </ul>`;
  if (models.length > 0)
    return html`<p class="picker-note">
      ${shown === models.length ? `${shown} in ${folder}` : `${shown} of ${models.length} in ${folder}`}
    </p>`;
  return html`<div class="picker-empty">
    <strong>No ${folder} yet</strong>
    <p>Looked in</p>
    ${places}
    <p>Put files there, or start Facewright with <code>--models DIR</code>. ComfyUI’s models folder works as it is.</p>
  </div>`;
}
