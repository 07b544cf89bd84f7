// Keys of the editor. Fields and dialogs keep their own keys; the canvas has more when it has the focus.
import type { Editor } from './editor.ts';

const PAN = 60;

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));
}

export function installShortcuts(editor: Editor, canvas: HTMLCanvasElement): void {
  let pointer = { x: 0, y: 0 };
  canvas.addEventListener('pointermove', ({ clientX, clientY }) => (pointer = { x: clientX, y: clientY }));

  const anywhere: Readonly<Record<string, () => void>> = {
    'ctrl+enter': () => void editor.run(),
    'ctrl+shift+enter': () => void editor.run({ front: true }),
    'ctrl+alt+enter': () => void editor.pauseOrContinue(),
    'ctrl+shift+b': () => editor.batches.open(),
    'ctrl+s': () => editor.save(),
    'ctrl+o': () => editor.openDialog({ kind: 'open', graphs: null }),
  };
  const outsideFields: Readonly<Record<string, () => void>> = {
    'ctrl+z': () => editor.undo(),
    'ctrl+shift+z': () => editor.redo(),
    'ctrl+y': () => editor.redo(),
    'ctrl+c': () => editor.copy(),
    'ctrl+x': () => editor.cut(),
    'ctrl+v': () => editor.paste(),
    'ctrl+d': () => editor.duplicate(),
    'ctrl+a': () => editor.canvas.selectAll(),
    'shift+enter': () => void editor.runSelected(),
    'ctrl+m': () => editor.canvas.toggleMode('muted'),
    'ctrl+b': () => editor.canvas.toggleMode('bypassed'),
    'ctrl+shift+e': () => editor.canvas.makeSubgraph(),
    'ctrl+g': () => editor.canvas.group('Group'),
    delete: () => editor.canvas.deleteSelected(),
    backspace: () => editor.canvas.deleteSelected(),
    f: () => editor.canvas.fit(),
    w: () => editor.explain(),
    'shift+a': () => editor.canvas.arrange(),
    'shift+?': () => editor.openDialog({ kind: 'keys' }),
    '?': () => editor.openDialog({ kind: 'keys' }),
  };
  const onCanvas: Readonly<Record<string, () => void>> = {
    tab: () => {
      const box = canvas.getBoundingClientRect();
      const inside = pointer.x > box.left && pointer.x < box.right && pointer.y > box.top && pointer.y < box.bottom;
      editor.openSearch(inside ? pointer : { x: box.left + box.width / 2 - 170, y: box.top + 60 }, null);
    },
    enter: () => {
      const [node] = editor.state.selection;
      if (node !== undefined) editor.canvas.enter(node);
    },
    escape: () => {
      const { path } = editor.state;
      if (path.length > 0) editor.canvas.leaveTo(path.length - 1);
    },
    arrowleft: () => editor.canvas.pan(PAN, 0),
    arrowright: () => editor.canvas.pan(-PAN, 0),
    arrowup: () => editor.canvas.pan(0, PAN),
    arrowdown: () => editor.canvas.pan(0, -PAN),
    '+': () => editor.canvas.zoom(1.2),
    'shift++': () => editor.canvas.zoom(1.2),
    '=': () => editor.canvas.zoom(1.2),
    '-': () => editor.canvas.zoom(1 / 1.2),
  };
  window.addEventListener('keydown', (event) => {
    const key = `${event.ctrlKey || event.metaKey ? 'ctrl+' : ''}${event.altKey ? 'alt+' : ''}${event.shiftKey ? 'shift+' : ''}${event.key.toLowerCase()}`;
    const modal = document.querySelector('dialog[open]') !== null;
    if (key === 'escape' && !modal && editor.escape()) {
      event.preventDefault();
      return;
    }
    // Text that is selected in a panel is copied as text.
    if ((key === 'ctrl+c' || key === 'ctrl+x') && window.getSelection()?.toString()) return;
    const act = modal
      ? undefined
      : (anywhere[key] ??
        (typing(event.target) ? undefined : (outsideFields[key] ?? (document.activeElement === canvas ? onCanvas[key] : undefined))));
    if (!act) return;
    event.preventDefault();
    act();
  });
}
