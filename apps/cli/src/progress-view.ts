// A run for people: a line for each node that ends, and on a terminal a last line that moves.
import { styleText } from 'node:util';
import { durationText, itemName, type RunEvent } from '@facewright/core';

const BAR = 24;

export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export function createProgressView(screen: Screen): (event: RunEvent) => void {
  const colour = (style: Parameters<typeof styleText>[0], text: string) =>
    screen.isTTY ? styleText(style, text, { validateStream: false }) : text;
  let moving = false;
  const line = (text: string) => {
    if (moving) screen.write('\r\x1b[2K');
    moving = false;
    screen.write(`${text}\n`);
  };
  const move = (text: string) => {
    if (!screen.isTTY) return;
    screen.write(`\r\x1b[2K${text.slice(0, (screen.columns ?? 80) - 1)}`);
    moving = true;
  };
  return (event) => {
    switch (event.type) {
      case 'run_started': {
        const cached = event.plan.filter(({ action }) => action === 'cached').length;
        return line(`Nodes to run: ${event.plan.length - cached}, stored: ${cached}, on ${event.provider}`);
      }
      case 'node_started':
        return move(`  ${event.node} …`);
      case 'node_progress': {
        const filled = event.total > 0 ? Math.round((BAR * event.done) / event.total) : 0;
        const left = event.secondsLeft === null ? '' : `, ${durationText(event.secondsLeft)} left`;
        return move(`  ${event.node} ${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} ${event.done}/${event.total}${left}`);
      }
      case 'node_log':
        return line(`  ${colour(event.level === 'warn' ? 'yellow' : 'dim', `${event.node}: ${event.message}`)}`);
      case 'node_cached':
        return line(`${colour('dim', '=')} ${event.node} ${colour('dim', `stored: ${event.reason}`)}`);
      case 'node_finished':
        return event.unfinished === undefined
          ? line(`${colour('green', '✓')} ${event.node} ${colour('dim', durationText(event.seconds))}`)
          : line(
              `${colour('yellow', '✓')} ${event.node} ${colour('dim', `${durationText(event.seconds)}, unfinished: ${event.unfinished}`)}`,
            );
      case 'node_failed':
        return line(`${colour('red', '✗')} ${event.node}`);
      case 'node_blocked':
        return line(`${colour('dim', '–')} ${event.node} ${colour('dim', `blocked${event.reason && `: ${event.reason}`}`)}`);
      case 'item_blocked':
        return event.reason
          ? line(`${colour('dim', '–')} ${event.node} ${colour('dim', `item ${itemName(event.item)} blocked: ${event.reason}`)}`)
          : undefined;
      case 'item_failed':
        return line(`${colour('red', '✗')} ${event.node} item ${itemName(event.item)}`);
      case 'run_paused':
        return line(colour('yellow', `Paused at ${event.node}`));
      case 'run_continued':
        return line('Goes on');
      case 'run_stopping':
        return line(colour('yellow', `${event.node} stops at its next step and gives what it has`));
      case 'run_notice':
        return line(colour('yellow', event.message));
      case 'worker_lost':
        return line(colour('red', event.message));
      case 'run_interrupted':
        return line(colour('yellow', 'Waits to go on'));
      case 'run_succeeded':
        return line(`${colour('green', 'Done')} in ${durationText(event.seconds)}`);
      case 'run_failed':
        return line(event.problems.map(({ message }) => colour('red', message)).join('\n'));
      case 'run_cancelled':
        return line(
          `${colour('yellow', 'Cancelled')}. The same command goes on: finished nodes are stored, and so is what trainings have kept.`,
        );
      case 'run_queued':
      case 'node_preview':
      case 'node_metric':
      case 'node_expanded':
      case 'item_finished':
      case 'item_cached':
        return;
      default:
        event satisfies never;
    }
  };
}
