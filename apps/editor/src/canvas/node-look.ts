// How a node looks beyond its document: the state of the run, pictures, a curve, problems.
import type { NodeStatus } from '../state/run-state.ts';

export interface NodeLook {
  readonly status: NodeStatus | null;
  /** 0..1 while it runs and says how far it is. */
  readonly progress: number | null;
  /** On the right of the title: time left, seconds taken, "cached". */
  readonly clock: string;
  /** Failure, or nothing. */
  readonly message: string;
  /** URLs. */
  readonly pictures: readonly string[];
  /** How many there are beyond those shown. */
  readonly more: number;
  /** Values of the curve that is shown small. */
  readonly curve: readonly number[];
  /** The title of a muted node that it cannot do without; '' when it runs. */
  readonly skipped: string;
  /** Problems by input name; '' for the node as a whole. */
  readonly problems: ReadonlyMap<string, string>;
}
export const plainLook: NodeLook = {
  status: null,
  progress: null,
  clock: '',
  message: '',
  pictures: [],
  more: 0,
  curve: [],
  skipped: '',
  problems: new Map(),
};
