// What server, editor and the page of annotators tell each other about judging tasks.
import type { Choice } from './values.ts';

/** Who judges a task, by a link. */
export interface Annotator {
  /** What the link holds: 128 random bits. */
  readonly token: string;
  readonly name: string;
  readonly created: string;
  /** Until when the link worked; null while it does. Votes stay either way. */
  readonly withdrawn: string | null;
  /** Sets with a vote that counts. */
  readonly judged: number;
}
/** A judging task as it is listed. */
export interface JudgingSummary {
  readonly name: string;
  readonly created: string;
  readonly question: string;
  readonly labels: readonly string[];
  readonly sets: number;
  readonly annotators: readonly Annotator[];
}
/** A set as an annotator gets it: pictures are numbered as shown, and nothing tells where one comes from. */
export interface BlindSet {
  readonly set: number;
  readonly caption: string;
  readonly pictures: number;
  /** Counts pictures as shown; null: not judged. */
  readonly choice: Choice | null;
}
/** A task as an annotator gets it. */
export interface BlindTask {
  readonly question: string;
  readonly annotator: string;
  /** In the annotator's own order. */
  readonly sets: readonly BlindSet[];
}
/** `choice` counts pictures as shown; null takes the vote back. `id` is the sender's: a vote that comes twice counts once. */
export interface Vote {
  readonly id: string;
  readonly set: number;
  readonly choice: Choice | null;
}
