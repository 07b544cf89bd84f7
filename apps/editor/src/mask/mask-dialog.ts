// The dialog in which a mask is painted: the picture as large as fits, the brush, and keys for both hands.
import { html, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { ref } from 'lit-html/directives/ref.js';
import type { Editor } from '../editor.ts';
import { icon, type IconName } from '../panels/icons.ts';
import { modal } from '../panels/modal.ts';
import type { MaskPainter } from './mask-painter.ts';

/** The ring that shows the brush at the pointer. */
function moveRing(event: PointerEvent, painter: MaskPainter): void {
  const view = event.currentTarget as HTMLElement;
  const ring = view.parentElement?.querySelector<HTMLElement>('.brush-ring');
  if (!ring) return;
  const box = view.getBoundingClientRect();
  const side = (painter.brush / painter.width) * box.width;
  ring.style.cssText = `width:${side}px;height:${side}px;left:${event.clientX - box.left - side / 2}px;top:${event.clientY - box.top - side / 2}px`;
}

function keysOf(editor: Editor, painter: MaskPainter): (event: KeyboardEvent) => void {
  const keys: Readonly<Record<string, () => void>> = {
    '[': () => painter.shrinkBrush(),
    ']': () => painter.growBrush(),
    e: () => painter.setErasing(!painter.erasing),
    i: () => painter.change('invert'),
    'ctrl+z': () => painter.undo(),
    'ctrl+shift+z': () => painter.redo(),
    'ctrl+y': () => painter.redo(),
    'ctrl+enter': () => void editor.useMask(),
    escape: () => editor.closeDialog(),
  };
  return (event) => {
    const key = `${event.ctrlKey || event.metaKey ? 'ctrl+' : ''}${event.shiftKey ? 'shift+' : ''}${event.key.toLowerCase()}`;
    // Enter on a button is that button's.
    const act = keys[key] ?? (key === 'enter' && !(event.target instanceof HTMLButtonElement) ? () => void editor.useMask() : undefined);
    if (!act) return;
    event.preventDefault();
    act();
  };
}

const tool = (name: IconName, words: string, keys: string, act: () => void, disabled = false): TemplateResult =>
  html`<button class="quiet with-text" title=${`${words} (${keys})`} ?disabled=${disabled} @click=${act}>${icon(name)}${words}</button>`;

export function maskDialog(editor: Editor, painter: MaskPainter): TemplateResult {
  return modal({
    title: 'Paint what is to be repainted',
    name: 'mask-painter',
    close: () => editor.closeDialog(),
    keydown: keysOf(editor, painter),
    body: html`
      <div class="paint-tools">
        <div class="paint-modes" role="group" aria-label="Brush">
          <button aria-pressed=${!painter.erasing} title="Paint (E)" @click=${() => painter.setErasing(false)}>
            ${icon('brush')} Paint</button
          ><button aria-pressed=${painter.erasing} title="Erase (E)" @click=${() => painter.setErasing(true)}>
            ${icon('eraser')} Erase
          </button>
        </div>
        <label class="brush-size" title="Size of the brush ([ and ])"
          >Brush
          <input
            type="range"
            min="1"
            max=${painter.mostBrush}
            .value=${live(String(painter.brush))}
            @input=${(event: Event) => painter.setBrush(Number((event.target as HTMLInputElement).value))}
          />
          <output>${painter.brush} px</output></label
        >
        <span class="spread"></span>
        ${tool('undo', 'Undo', 'Ctrl+Z', () => painter.undo(), !painter.canUndo)}
        ${tool('redo', 'Redo', 'Ctrl+Shift+Z', () => painter.redo(), !painter.canRedo)}
        ${tool('invert', 'Invert', 'I', () => painter.change('invert'))}
        ${tool('trash', 'Clear', 'can be undone', () => painter.change('clear'), painter.blank)}
      </div>
      <div class="paint-room">
        <div class="paint-stage" .style=${`aspect-ratio:${painter.width}/${painter.height};--ratio:${painter.width / painter.height}`}>
          <img src=${painter.url} alt="The picture to be marked" draggable="false" />
          <canvas
            aria-label="Mask. Painting needs a pointer; Invert and Clear work with keys."
            ${ref(painter.view)}
            @pointerdown=${(event: PointerEvent) => painter.down(event)}
            @pointermove=${(event: PointerEvent) => (moveRing(event, painter), painter.move(event))}
            @pointerup=${() => painter.up()}
            @pointercancel=${() => painter.up()}
          ></canvas>
          <div class="brush-ring" aria-hidden="true"></div>
        </div>
      </div>
    `,
    footer: html`<span class="soft paint-keys"
        ><kbd>[</kbd> <kbd>]</kbd> brush size · <kbd>E</kbd> paint or erase · <kbd>Shift</kbd>+click straight line ·
        <kbd>I</kbd> invert</span
      ><span class="spread"></span><button @click=${() => editor.closeDialog()}>Cancel</button
      ><button class="primary" ?disabled=${painter.saving} @click=${() => void editor.useMask()}>Use mask</button>`,
  });
}
