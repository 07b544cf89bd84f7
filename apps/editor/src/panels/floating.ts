// Places for floating boxes: at a point, moved so that they stay in the window.
import type { CanvasPoint } from '../canvas/graph-canvas.ts';

export function floating({ x, y }: CanvasPoint, width: number, height: number): string {
  const left = Math.max(8, Math.min(x, window.innerWidth - width - 8));
  const top = Math.max(8, Math.min(y, window.innerHeight - height - 8));
  return `left:${left}px;top:${top}px`;
}
