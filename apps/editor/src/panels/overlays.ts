// What floats over the canvas: the field being typed in, a title being changed, the menu, hints, toasts.
import { describeType, isWidget, type PortType } from '@facewright/core';
import { html, nothing, type TemplateResult } from 'lit-html';
import { label } from '../canvas/label.ts';
import type { Editor } from '../editor.ts';
import { fieldText } from '../fields/field-values.ts';
import { runNodesShown } from '../state/editor-state.ts';
import { withoutNode } from '../state/format.ts';
import { floating } from './floating.ts';
import { icon } from './icons.ts';
import { focusedWhole, listFocused } from './when-shown.ts';

const place = (box: DOMRect, minimum: number): string => {
  const width = Math.max(box.width, minimum);
  return `${floating({ x: box.x, y: box.y }, width, box.height)};width:${width}px;min-height:${Math.max(28, box.height)}px`;
};

/** The field of a node on the canvas, opened by a click. */
export function fieldEditor(editor: Editor): TemplateResult | typeof nothing {
  const { editing } = editor.state;
  const node = editing && editor.canvas.node(editing.node);
  if (!editing || !node) return nothing;
  const { port } = editing;
  const value = node.values[port.name] ?? port.default;
  const done = (): void => {
    editor.update({ editing: null });
    editor.canvas.focusElement();
  };
  if (port.type.kind === 'choice') {
    const pick = (option: string): void => {
      editor.setValue(editing.node, port.name, option);
      done();
    };
    const move = (event: KeyboardEvent): void => {
      const step = { ArrowDown: 'nextElementSibling', ArrowUp: 'previousElementSibling' }[event.key] as
        'nextElementSibling' | 'previousElementSibling' | undefined;
      const next = step && (event.target as Element).closest('li')?.[step]?.querySelector('button');
      if (next) next.focus();
      if (step) event.preventDefault();
    };
    return html`
      <div class="scrim" @pointerdown=${done}></div>
      <ul
        class="choices floating"
        aria-label=${label(port.name)}
        .style=${`${floating({ x: editing.box.x, y: editing.box.bottom + 2 }, Math.max(editing.box.width, 160), port.type.of.length * 32 + 12)};min-width:${Math.max(editing.box.width, 160)}px`}
        @keydown=${move}
        ${listFocused()}
      >
        ${port.type.of.map((option) => html`<li><button class="menu-item" aria-pressed=${option === value} @click=${() => pick(option)}>${option}${option === value ? icon('check') : nothing}</button></li>`)}
      </ul>
    `;
  }
  const multiline = port.type.kind === 'text' && port.type.multiline;
  const take = (field: HTMLInputElement | HTMLTextAreaElement): boolean => {
    const problem = editor.setField(editing.node, port, field.value);
    if (problem) editor.update({ editing: { ...editing, problem } });
    return problem === '';
  };
  const key = (event: KeyboardEvent): void => {
    const field = event.target as HTMLInputElement;
    event.stopPropagation();
    if (event.key === 'Escape') done();
    else if (event.key === 'Enter' && (!multiline || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (take(field)) done();
    }
  };
  const leave = (event: FocusEvent): void => {
    // A bad text is dropped when the field is left by clicking elsewhere; Enter says what is wrong.
    if (editor.state.editing) {
      editor.setField(editing.node, port, (event.target as HTMLInputElement).value);
      editor.update({ editing: null });
    }
  };
  const help = html`<div class="field-note ${editing.problem ? 'bad' : ''}" role=${editing.problem ? 'alert' : nothing}>
    ${editing.problem || port.help || describeType(port.type)}
  </div>`;
  return html`
    <div class="field-editor floating" .style=${place(editing.box, multiline ? 300 : 180)}>
      ${
        multiline
          ? html`<textarea
              aria-label=${label(port.name)}
              rows="6"
              .value=${fieldText(value)}
              ${focusedWhole()}
              @keydown=${key}
              @blur=${leave}
            ></textarea>`
          : html`<input
              aria-label=${label(port.name)}
              inputmode=${port.type.kind === 'number' ? 'decimal' : 'text'}
              spellcheck="false"
              .value=${fieldText(value)}
              ${focusedWhole()}
              @keydown=${key}
              @blur=${leave}
            />`
      }
      ${help}
    </div>
  `;
}

export function titleEditor(editor: Editor): TemplateResult | typeof nothing {
  const { renaming } = editor.state;
  const node = renaming && editor.canvas.node(renaming.node);
  if (!renaming || !node) return nothing;
  const take = (event: Event): void => {
    if (!editor.state.renaming) return;
    editor.canvas.setTitle(renaming.node, (event.target as HTMLInputElement).value.trim());
    editor.update({ renaming: null });
  };
  const key = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (event.key === 'Enter') take(event);
    if (event.key === 'Escape') editor.update({ renaming: null });
  };
  return html`<div class="field-editor floating" .style=${place(renaming.box, 200)}>
    <input aria-label="Title of the node" .value=${node.title} ${focusedWhole()} @keydown=${key} @blur=${take} />
  </div>`;
}

export function contextMenu(editor: Editor): TemplateResult | typeof nothing {
  const { menu } = editor.state;
  if (!menu) return nothing;
  const close = (): void => editor.update({ menu: null });
  const item = (text: string, keys: string, act: () => void) =>
    html`<li>
      <button class="menu-item" role="menuitem" @click=${() => (close(), act())}>${text}<kbd>${keys}</kbd></button>
    </li>`;
  const { canvas } = editor;
  const mode = menu.node === null ? undefined : canvas.node(menu.node)?.mode;
  const ofNode =
    menu.node === null
      ? nothing
      : html`
          ${item('Rename', 'double-click', () => {
            const box = canvas.boxOf(menu.node as string);
            if (box) editor.update({ renaming: { node: menu.node as string, box: new DOMRect(box.x, box.y, box.width, 34) } });
          })}
          ${item('Run to here', 'Shift+Enter', () => void editor.runSelected())}
          ${item(mode === 'muted' ? 'Unmute' : 'Mute', 'Ctrl+M', () => canvas.toggleMode('muted'))}
          ${item(mode === 'bypassed' ? 'Stop bypassing' : 'Bypass', 'Ctrl+B', () => canvas.toggleMode('bypassed'))}
          ${
            canvas.node(menu.node)?.subgraph
              ? html`${item('Open the subgraph', 'Enter', () => canvas.enter(menu.node as string))}
                ${item('Unpack the subgraph', '', () => canvas.unpack(menu.node as string))}`
              : nothing
          }
          ${item('Make a subgraph', 'Ctrl+Shift+E', () => canvas.makeSubgraph())} ${item('Duplicate', 'Ctrl+D', () => editor.duplicate())}
          ${item('Copy', 'Ctrl+C', () => editor.copy())} ${item('Frame the selection', 'Ctrl+G', () => canvas.group('Group'))}
          ${item('Remove its links', '', () => canvas.disconnect(menu.node as string))}
          ${item('Delete', 'Del', () => canvas.deleteSelected())}
        `;
  const ofCanvas =
    menu.node !== null
      ? nothing
      : html`
          ${item('Add a node', 'Tab', () => editor.openSearch(menu.at, null))} ${item('Paste', 'Ctrl+V', () => editor.paste(menu.at))}
          ${item('Select all', 'Ctrl+A', () => canvas.selectAll())} ${item('Arrange', 'Shift+A', () => canvas.arrange())}
          ${item('Fit the view', 'F', () => canvas.fit())}
        `;
  return html`
    <div class="scrim" @pointerdown=${close} @contextmenu=${(event: Event) => event.preventDefault()}></div>
    <ul class="menu floating" role="menu" .style=${floating(menu.at, 220, menu.node === null ? 230 : 400)} ${listFocused()}>
      ${ofNode}${ofCanvas}
    </ul>
  `;
}

function nodeHint(editor: Editor, id: string, portName: string | null): unknown {
  const node = editor.canvas.node(id);
  if (!node) return null;
  const port =
    portName === null
      ? undefined
      : [...(node.description?.inputs ?? []), ...(node.description?.outputs ?? [])].find(({ name }) => name === portName);
  if (port) {
    return html`<strong>${label(port.name)}</strong>
      <span class="soft">${describeType(port.type)}${port.optional ? ', optional' : ''}</span>
      ${port.help ? html`<p>${port.help}</p>` : nothing}
      ${node.unfilled.has(port.name) ? html`<p class="bad">Needed: ${wayToFill(port.type)}.</p>` : nothing}`;
  }
  const run = runNodesShown(editor.state).get(id);
  if (!node.description)
    return html`<strong>${node.type}</strong>
      <p class="bad">This server has no such node. It is kept in the graph as it is.</p>`;
  return html`<strong>${node.title}</strong>
    <p>${node.description.summary}</p>
    ${run?.reason ? html`<p class="soft">${run.status === 'cached' ? 'From the cache' : run.status === 'queued' ? 'Will run' : 'Ran'}: ${run.reason}</p>` : nothing}
    ${run?.problem ? html`<p class="bad">${withoutNode(run.problem.message)}</p>` : nothing}`;
}
const wayToFill = (type: PortType): string => (isWidget(type) ? 'type a value or draw a link here' : 'draw a link here');

export function hint(editor: Editor): TemplateResult | typeof nothing {
  const shown = editor.state.hint;
  if (!shown || editor.state.menu || editor.state.search || editor.state.editing) return nothing;
  const at = { x: shown.at.x + 16, y: shown.at.y + 18 };
  if (shown.kind === 'refusal')
    return html`<div class="hint floating refusal" .style=${floating(at, 300, 60)}>${icon('warn')} ${shown.text}</div>`;
  return html`<div class="hint floating" role="tooltip" .style=${floating(at, 300, 110)}>${nodeHint(editor, shown.node, shown.port)}</div>`;
}

export const toasts = (editor: Editor): TemplateResult => html`
  <div class="toasts" role="status" aria-live="polite">
    ${editor.state.toasts.map(({ id, kind, text }) => html`<div class="toast ${kind}">${icon(kind === 'bad' ? 'warn' : kind === 'good' ? 'check' : 'info')}<span>${text}</span><button class="quiet" aria-label="Dismiss" @click=${() => editor.dismiss(id)}>${icon('close')}</button></div>`)}
  </div>
`;
