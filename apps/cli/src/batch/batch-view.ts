// A batch for people: a line for each row that fails, and on a terminal a last line that moves; elsewhere a line at each tenth.
import { styleText } from 'node:util';
import { durationText, type BatchActivity, type BatchCheck, type BatchRowRecord, type BatchSummary } from '@facewright/core';
import type { Screen } from '../progress-view.ts';

const BAR = 24;

export interface BatchView {
  progress(summary: BatchSummary, activity: BatchActivity | null): void;
  row(record: BatchRowRecord): void;
  end(summary: BatchSummary): void;
}

export function createBatchView(screen: Screen): BatchView {
  const colour = (style: Parameters<typeof styleText>[0], text: string) =>
    screen.isTTY ? styleText(style, text, { validateStream: false }) : text;
  let moving = false;
  let tenth = 0;
  const line = (text: string) => {
    if (moving) screen.write('\r\x1b[2K');
    moving = false;
    screen.write(`${text}\n`);
  };
  return {
    progress({ count, done, failed, secondsLeft }, activity) {
      const ended = done + failed;
      const failures = failed > 0 ? `, ${failed} failed` : '';
      const left = secondsLeft === null ? '' : `, ${durationText(secondsLeft)} left`;
      if (screen.isTTY) {
        const filled = count > 0 ? Math.round((BAR * ended) / count) : 0;
        const at = !activity?.node
          ? ''
          : ` · row ${activity.row}: ${activity.node}${activity.total > 0 ? ` ${activity.done}/${activity.total}` : ''}`;
        const text = `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${ended}/${count}${failures}${left}${at}`;
        screen.write(`\r\x1b[2K${text.slice(0, (screen.columns ?? 80) - 1)}`);
        moving = true;
      } else if (Math.floor((10 * ended) / count) > tenth && ended < count) {
        tenth = Math.floor((10 * ended) / count);
        line(`${ended} of ${count} rows${failures}${left}`);
      }
    },
    row({ row, status, problems }) {
      if (status === 'failed') line(`${colour('red', `✗ row ${row}`)}: ${problems.map(({ message }) => message).join('; ')}`);
    },
    end({ status, count, done, failed }) {
      const rest = count - done - failed;
      const counts = `${done} of ${count} rows done${failed > 0 ? `, ${colour('red', `${failed} failed`)}` : ''}${rest > 0 ? `, ${rest} not run` : ''}`;
      line(`${colour(status === 'finished' && failed === 0 ? 'green' : 'yellow', status[0]!.toUpperCase() + status.slice(1))}: ${counts}`);
    },
  };
}

/** What a batch would do, for --dry-run. */
export function checkLines({
  columns,
  matrix,
  seeds,
  dataRows,
  count,
  problems,
  problemCount,
  notes,
  estimate,
}: BatchCheck): readonly string[] {
  const width = Math.max(0, ...columns.map(({ column }) => column.length));
  return [
    ...columns.map(
      ({ column, targets }) => `${column.padEnd(width)}  ${targets.length > 0 ? `→ ${targets.join(', ')}` : '  carried along'}`,
    ),
    ...matrix.map(
      ({ target, values }) =>
        `× ${target} = ${values.slice(0, 10).map(String).join(', ')}${values.length > 10 ? ` … (${values.length})` : ''}`,
    ),
    ...(seeds.length > 0 ? [`Seeds that runs count up: ${seeds.join(', ')}`] : []),
    ...notes.map((note) => `Note: ${note}`),
    `${count} rows from ${dataRows} of data${estimate ? `, about ${durationText(estimate.seconds)} (${durationText(estimate.secondsPerRow)} a row, from ${estimate.from})` : ''}`,
    ...problems.map(({ message }) => message),
    ...(problemCount > problems.length ? [`and ${problemCount - problems.length} more problems`] : []),
  ];
}
