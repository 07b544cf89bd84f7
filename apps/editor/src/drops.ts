// Drag and drop onto the page: node types from the palette, graph files and pictures with their graph from outside, pictures onto nodes that read one.
import { isDataFile } from './batches/batches-desk.ts';
import type { Editor } from './editor.ts';
import { NODE_DRAG } from './panels/palette.ts';

/** The input that takes a picture, of the node that a file is dropped on: on the canvas, or its fields at the side. */
function pictureInput(editor: Editor, { clientX, clientY, target }: DragEvent): { readonly node: string; readonly port: string } | null {
  const aside = target instanceof Element && target.closest('.inspector') !== null;
  const node = aside ? editor.state.selection[0] : editor.canvas.nodeAt({ x: clientX, y: clientY });
  const view = node === undefined ? undefined : editor.canvas.node(node);
  const port = view?.description?.inputs.find(({ type }) => type.kind === 'path' && type.picture);
  return view && port && !view.linkedInputs.has(port.name) ? { node: view.id, port: port.name } : null;
}

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
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0 && editor.state.dialog?.kind === 'batch') return void editor.batches.take(files);
    if (file && isDataFile(file.name)) return editor.batches.open(files);
    const over = file?.type.startsWith('image/') ? pictureInput(editor, event) : null;
    if (file && over) void editor.dropPicture(file, over.node, over.port);
    else if (file) void editor.openFile(file);
    else if (type && event.target === canvas) editor.addNode(type, { x: event.clientX - 60, y: event.clientY - 10 });
  });
}
