// What keys mean on the page of an annotator.
import type { Choice } from '@facewright/core';

export type Command = { readonly choose: Choice } | 'undo' | 'next';

/** Null for a key that means nothing here, which is left to the browser. */
export function commandOf(
  { key, ctrlKey, metaKey, altKey }: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>,
  pictures: number,
): Command | null {
  if (altKey || metaKey || ctrlKey) return null;
  switch (key) {
    case '1':
    case '2':
    case '3':
      return Number(key) <= pictures ? { choose: Number(key) - 1 } : null;
    case 'ArrowLeft':
      return { choose: 0 };
    case 'ArrowRight':
      return { choose: pictures - 1 };
    case 'ArrowUp':
    case 'ArrowDown':
      return pictures === 3 ? { choose: 1 } : null;
    case '0':
    case ' ':
      return { choose: 'tie' };
    case 'n':
    case 'N':
      return { choose: 'no face' };
    case 'u':
    case 'U':
    case 'Backspace':
      return 'undo';
    case 'Enter':
      return 'next';
    default:
      return null;
  }
}
