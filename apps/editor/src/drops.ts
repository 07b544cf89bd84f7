// Drag and drop onto the page: node types from the palette, graph files and pictures with their graph from outside.
import type { Editor } from './editor.ts';
import { NODE_DRAG } from './panels/palette.ts';

export function installDrops(editor: Editor, canvas: HTMLCanvasElement): void {
  const wanted = (event: DragEvent): boolean => Boolean(event.dataTransfer?.types.some((type) => type === NODE_DRAG || type === 'Files'));
  window.addEventListener('dragover', (event) => {
    if (wanted(event)) event.preventDefault();
  });
  window.addEventListener('drop', (event) => {
    if (!wanted(event)) return;
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    const type = event.dataTransfer?.getData(NODE_DRAG);
    if (file) void editor.openFile(file);
    else if (type && event.target === canvas) editor.addNode(type, { x: event.clientX - 60, y: event.clientY - 10 });
  });
}
