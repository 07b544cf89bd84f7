// The state of an annotator's page: which set is shown, what was chosen, where to go next. Knows nothing of the page itself.
import type { BlindSet, BlindTask, Choice, Vote } from '@facewright/core';
import { AskFailed, type JudgeApi } from './judge-api.ts';
import { VoteQueue, type Kept } from './vote-queue.ts';

export type Phase =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly why: AskFailed['why'] }
  | { readonly kind: 'judging'; readonly at: number }
  | { readonly kind: 'finished' };

/** How many of the last judgements an annotator may take back. */
const remembered = 200;

export class Judging {
  phase: Phase = { kind: 'loading' };
  task: BlindTask = { question: '', annotator: '', sets: [] };
  /** Goes to the next set by itself after a choice. */
  goOn = true;
  readonly queue: VoteQueue;
  private choices: (Choice | null)[] = [];
  /** Places of sets in the order in which they were judged here, for going back. */
  private trail: number[] = [];
  private readonly api: JudgeApi;
  private readonly changed: () => void;
  private readonly newId: () => string;

  constructor(api: JudgeApi, kept: Kept, changed: () => void, newId: () => string) {
    this.api = api;
    this.changed = changed;
    this.newId = newId;
    this.queue = new VoteQueue(api, kept, changed);
  }

  async start(): Promise<void> {
    this.show({ kind: 'loading' });
    try {
      this.task = await this.api.task();
    } catch (error) {
      return this.show({ kind: 'failed', why: error instanceof AskFailed ? error.why : 'away' });
    }
    const { sets } = this.task;
    // What the server does not have yet counts all the same.
    const pending = new Map(this.queue.pending.map(({ set, choice }) => [set, choice]));
    this.choices = sets.map(({ set, choice }) => (pending.has(set) ? pending.get(set)! : choice));
    this.trail = sets.flatMap((_, at) => (this.choices[at] === null ? [] : [at])).slice(-remembered);
    void this.queue.send();
    this.toNextOpen(-1);
  }

  get judged(): number {
    return this.choices.filter((choice) => choice !== null).length;
  }
  get set(): BlindSet | null {
    return this.phase.kind === 'judging' ? this.task.sets[this.phase.at]! : null;
  }
  /** What was chosen for the set that is shown. */
  get choice(): Choice | null {
    return this.phase.kind === 'judging' ? (this.choices[this.phase.at] ?? null) : null;
  }
  get canUndo(): boolean {
    return this.trail.length > 0;
  }
  /** Pictures of the next sets that are still to be judged, to be loaded ahead. */
  ahead(count: number): readonly string[] {
    if (this.phase.kind !== 'judging') return [];
    const { sets } = this.task;
    const from = this.phase.at + 1;
    const order = [...sets.keys()].map((i) => (i + from) % sets.length).filter((at) => this.choices[at] === null);
    return order.slice(0, count).flatMap((at) => {
      const { set, pictures } = sets[at]!;
      return Array.from({ length: pictures }, (_, shown) => this.api.picture(set, shown));
    });
  }
  pictureOf(shown: number): string {
    return this.api.picture(this.set!.set, shown);
  }

  /** Votes for the set that is shown; a picture that it does not have is not chosen. */
  choose(choice: Choice): boolean {
    if (this.phase.kind !== 'judging') return false;
    const { at } = this.phase;
    if (typeof choice === 'number' && choice >= this.task.sets[at]!.pictures) return false;
    if (this.choices[at] !== choice) this.vote(at, choice);
    this.trail = [...this.trail.filter((before) => before !== at), at].slice(-remembered);
    this.changed();
    return true;
  }
  /** The next set that is not judged, after the one shown and then from the start; the end when there is none. */
  next(): void {
    if (this.phase.kind === 'judging') this.toNextOpen(this.phase.at);
  }
  /** Takes the last judgement back and shows its set. */
  undo(): void {
    const at = this.trail.pop();
    if (at === undefined || (this.phase.kind !== 'judging' && this.phase.kind !== 'finished')) return;
    this.vote(at, null);
    this.show({ kind: 'judging', at });
  }

  private vote(at: number, choice: Choice | null): void {
    this.choices[at] = choice;
    const vote: Vote = { id: this.newId(), set: this.task.sets[at]!.set, choice };
    this.queue.add(vote);
  }
  private toNextOpen(from: number): void {
    const count = this.choices.length;
    const order = Array.from({ length: count }, (_, i) => (from + 1 + i) % count);
    const at = order.find((place) => this.choices[place] === null);
    this.show(at === undefined ? { kind: 'finished' } : { kind: 'judging', at });
  }
  private show(phase: Phase): void {
    this.phase = phase;
    this.changed();
  }
}
