// Votes on their way to the server: kept in the browser until it has them, and sent again while it is away.
import type { Vote } from '@facewright/core';
import { AskFailed, type JudgeApi } from './judge-api.ts';

/** As many as the server takes at once. */
const together = 1000;
const firstWait = 1000;
const longestWait = 30_000;

export type QueueState =
  | { readonly kind: 'saved' }
  | { readonly kind: 'sending'; readonly votes: number }
  /** Tried again by itself. */
  | { readonly kind: 'waiting'; readonly votes: number }
  /** The server will not take them. */
  | { readonly kind: 'stuck'; readonly votes: number; readonly why: 'gone' | 'refused' };

export interface Kept {
  load(): readonly Vote[];
  save(votes: readonly Vote[]): void;
}

export class VoteQueue {
  state: QueueState = { kind: 'saved' };
  private votes: readonly Vote[];
  private readonly api: Pick<JudgeApi, 'vote'>;
  private readonly kept: Kept;
  private readonly changed: () => void;
  private busy = false;
  private wait = firstWait;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(api: Pick<JudgeApi, 'vote'>, kept: Kept, changed: () => void) {
    this.api = api;
    this.kept = kept;
    this.changed = changed;
    this.votes = kept.load();
  }
  /** Votes that the server may not have yet, oldest first. */
  get pending(): readonly Vote[] {
    return this.votes;
  }
  add(vote: Vote): void {
    this.keep([...this.votes, vote]);
    void this.send();
  }
  /** Sends what is there; returns when it is sent or has to wait. */
  async send(): Promise<void> {
    if (this.busy || this.votes.length === 0) return;
    clearTimeout(this.timer);
    this.busy = true;
    while (this.votes.length > 0) {
      const batch = this.votes.slice(0, together);
      this.tell({ kind: 'sending', votes: this.votes.length });
      try {
        await this.api.vote(batch);
      } catch (error) {
        this.busy = false;
        const why = error instanceof AskFailed ? error.why : 'away';
        if (why !== 'away') return this.tell({ kind: 'stuck', votes: this.votes.length, why });
        this.tell({ kind: 'waiting', votes: this.votes.length });
        this.timer = setTimeout(() => void this.send(), this.wait);
        this.wait = Math.min(longestWait, this.wait * 2);
        return;
      }
      this.wait = firstWait;
      const sent = new Set(batch.map(({ id }) => id));
      this.keep(this.votes.filter(({ id }) => !sent.has(id)));
    }
    this.busy = false;
    this.tell({ kind: 'saved' });
  }
  private keep(votes: readonly Vote[]): void {
    this.votes = votes;
    this.kept.save(votes);
  }
  private tell(state: QueueState): void {
    this.state = state;
    this.changed();
  }
}

/** In the browser's storage; in memory alone where that is forbidden. */
export function keptInBrowser(name: string, storage: () => Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>): Kept {
  return {
    load() {
      try {
        const votes: unknown = JSON.parse(storage().getItem(name) ?? '[]');
        return Array.isArray(votes) ? (votes as Vote[]) : [];
      } catch {
        return [];
      }
    },
    save(votes) {
      try {
        if (votes.length === 0) storage().removeItem(name);
        else storage().setItem(name, JSON.stringify(votes));
      } catch {
        // Private windows and full storages: the votes are still in memory.
      }
    },
  };
}
