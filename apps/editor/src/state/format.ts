// Dates, progress and numbers in words for people.
import { durationText } from '@facewright/core';

/** What a node's clock shows while it runs. */
export const timeLeft = (seconds: number | null): string => (seconds === null ? '' : `${durationText(seconds)} left`);

/** 3 of 20, or a share where so many steps would only be numbers, as in drawing, which counts thousandths of pictures. */
export const howFar = (done: number, total: number): string =>
  total <= 0 ? 'running' : total < 1000 ? `${done} of ${total}` : `${Math.floor((100 * done) / total)} %`;

/** A problem's message beside the title of its node, which the message need not name again. */
export const withoutNode = (message: string): string => message.replace(/^node \S+ \(\S+\)(: | > )/, '');

/** Shortest text with four significant digits: 0.03214, 12.35, 1.2e-7. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size >= 1e-4 && size < 1e6 ? String(Number(value.toPrecision(4))) : value.toExponential(2);
}

export const date = (iso: string): string =>
  new Date(iso).toLocaleDateString(undefined, { year: 'numeric', month: 'short', day: 'numeric' });
export const dateTime = (iso: string): string =>
  new Date(iso).toLocaleString(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' });
