// The progress of a download for people: on a terminal a line that moves, otherwise a line now and then.
import { durationText, fileSizeText } from '@facewright/core';
import type { PullProgress } from '@facewright/model-library';
import type { Screen } from '../progress-view.ts';

const REDRAW_MS = 100;
const PLAIN_MS = 10_000;
/** Half of a rate is forgotten in this time, ms: steady, but it follows a change. */
const HALF_LIFE = 3000;

export interface TransferView {
  show(progress: PullProgress): void;
  /** Ends the moving line. */
  end(): void;
}

export function createTransferView(screen: Screen, now: () => number = () => performance.now()): TransferView {
  let last: { readonly at: number; readonly done: number; readonly phase: string } | null = null;
  let shown = -Infinity;
  let rate = 0;
  let moving = false;
  return {
    show(progress) {
      const { phase, done, total } = progress;
      const at = now();
      if (last?.phase !== phase || done < last.done) {
        last = { at, done, phase };
        rate = 0;
        shown = screen.isTTY ? -Infinity : Math.max(shown, at);
      } else if (at - last.at >= REDRAW_MS) {
        const current = ((done - last.done) / (at - last.at)) * 1000;
        const weight = rate === 0 ? 1 : 1 - 0.5 ** ((at - last.at) / HALF_LIFE);
        rate += (current - rate) * weight;
        last = { at, done, phase };
      }
      const whole = total !== null && done >= total;
      if (!whole && at - shown < (screen.isTTY ? REDRAW_MS : PLAIN_MS)) return;
      shown = at;
      const text = [
        phase === 'verify' ? 'Checking' : 'Downloading',
        ` ${fileSizeText(done)}${total === null ? '' : ` of ${fileSizeText(total)}`}`,
        rate > 0 ? `, ${fileSizeText(Math.round(rate))}/s` : '',
        rate > 0 && total !== null && !whole ? `, ${durationText((total - done) / rate)} left` : '',
      ].join('');
      screen.write(screen.isTTY ? `\r\x1b[2K${text.slice(0, (screen.columns ?? 80) - 1)}` : `${text}\n`);
      moving = screen.isTTY === true;
    },
    end() {
      if (moving) screen.write('\r\x1b[2K');
      moving = false;
    },
  };
}
