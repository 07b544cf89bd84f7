// What an element does once it is in the page: a template is filled before that, so a ref alone comes too early.
import { ref } from 'lit-html/directives/ref.js';

/** Made once and reused, so that a later rendering does not call it again. */
const whenShown = (act: (element: HTMLElement) => void) => {
  const call = (element: Element | undefined): void =>
    queueMicrotask(() => {
      if (element instanceof HTMLElement && element.isConnected) act(element);
    });
  return () => ref(call);
};

export const focused = whenShown((element) => element.focus());
/** Focused, with all of its text selected. */
export const focusedWhole = whenShown((element) => {
  element.focus();
  if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) element.select();
});
/** Focuses the pressed button of a list, else the first. */
export const listFocused = whenShown((element) =>
  (element.querySelector<HTMLElement>('[aria-pressed="true"]') ?? element.querySelector('button'))?.focus(),
);
export const modalShown = whenShown((element) => {
  if (element instanceof HTMLDialogElement && !element.open) element.showModal();
});
