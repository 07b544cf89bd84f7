// Decoded pictures for drawing, by URL; the oldest are forgotten.

const LIMIT = 400;
const pictures = new Map<string, HTMLImageElement>();
let onReady = (): void => {};

/** `ready` is called whenever a picture that was asked for can be drawn. */
export function whenPictureReady(ready: () => void): void {
  onReady = ready;
}

/** Undefined while it loads, and when it cannot be loaded. */
export function picture(url: string): HTMLImageElement | undefined {
  const known = pictures.get(url);
  if (known) return known.complete && known.naturalWidth > 0 ? known : undefined;
  const image = new Image();
  image.addEventListener('load', () => onReady());
  image.src = url;
  pictures.set(url, image);
  if (pictures.size > LIMIT) pictures.delete(pictures.keys().next().value as string);
  return undefined;
}
