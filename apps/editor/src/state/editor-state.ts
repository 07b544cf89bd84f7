// Everything the panels show, in one immutable record.
import {
  nodeInside,
  type ForetoldRun,
  type Graph,
  type JudgingSummary,
  type NodeDescription,
  type PortDescription,
  type Problem,
} from '@facewright/core';
import type { ModelListing, SavedGraph, TemplateInfo } from '../api/http.ts';
import type { Connection } from '../api/live.ts';
import type { Session } from '../login/session.ts';
import { titleOnWay, typesOf, type Catalogue } from '../canvas/document.ts';
import type { CanvasPoint, LooseEnd } from '../canvas/graph-canvas.ts';
import type { MaskPainter } from '../mask/mask-painter.ts';
import { firstQueue, type QueueState } from './queue-state.ts';
import type { Picture } from './results.ts';
import { isOver, nodeAtWork, type NodeRun, type RunState } from './run-state.ts';
import { runNodesAt } from './scoped-run.ts';

export type DockTab = 'progress' | 'queue' | 'curves' | 'gallery' | 'report' | 'batches' | 'problems' | 'history';
export interface Toast {
  readonly id: number;
  readonly kind: 'info' | 'good' | 'bad';
  readonly text: string;
}
export type Dialog =
  | { readonly kind: 'templates'; readonly templates: readonly TemplateInfo[] | null }
  | { readonly kind: 'open'; readonly graphs: readonly SavedGraph[] | null }
  | { readonly kind: 'save'; readonly name: string }
  | { readonly kind: 'keys' }
  /** What it shows is with the desk of batches. */
  | { readonly kind: 'batch' }
  /** null until the server has answered. */
  | { readonly kind: 'plan'; readonly foretold: ForetoldRun | null }
  | {
      readonly kind: 'judging';
      /** null until the server has answered. */
      readonly tasks: readonly JudgingSummary[] | null;
      /** The path input that a task is chosen for. */
      readonly field: { readonly node: string; readonly port: string } | null;
      readonly problem: string;
    }
  | { readonly kind: 'mask'; readonly node: string; readonly port: string; readonly painter: MaskPainter };
export type Hint =
  | { readonly kind: 'refusal'; readonly at: CanvasPoint; readonly text: string }
  | { readonly kind: 'node'; readonly at: CanvasPoint; readonly node: string; readonly port: string | null };

export interface EditorState {
  /** The catalogue has been read, or the server refused to give it. */
  readonly ready: boolean;
  readonly catalogue: Catalogue;
  readonly connection: Connection;
  /** Who this is to a server that asks for a token; null where none is needed. */
  readonly session: Session | null;
  readonly graphName: string;
  /** Its name on the server; null when it was never saved there. */
  readonly savedAs: string | null;
  readonly unsaved: boolean;
  readonly nodeCount: number;
  /** Ids of the nodes that lead to what is shown; none at the top. */
  readonly path: readonly string[];
  /** The document and the subgraphs that lead there, by title. */
  readonly trail: readonly string[];
  /** Nodes that do not run since a muted one would feed them: the title of that, by the way to each. */
  readonly skipped: ReadonlyMap<string, string>;
  /** The subgraph that is shown. */
  readonly shown: string | null;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  readonly selection: readonly string[];
  /** What is wrong with the graph as it stands. */
  readonly problems: readonly Problem[];
  /** A run was refused: problems are shown on the nodes too, until none is left. */
  readonly showProblems: boolean;
  readonly starting: boolean;
  /** The shown run was asked to pause and has not come to a step where it can. */
  readonly pausing: boolean;
  readonly run: RunState | null;
  /** The graph that the run shown was started with. */
  readonly runGraph: Graph | null;
  readonly queue: QueueState;
  readonly dock: { readonly open: boolean; readonly tall: boolean; readonly tab: DockTab; readonly height: number };
  readonly palette: { readonly open: boolean; readonly query: string; readonly folded: ReadonlySet<string> };
  readonly inspector: boolean;
  /** Node types whose rarely changed settings are unfolded. */
  readonly more: ReadonlySet<string>;
  readonly search: { readonly at: CanvasPoint; readonly from: LooseEnd | null; readonly query: string; readonly chosen: number } | null;
  readonly menu: { readonly at: CanvasPoint; readonly node: string | null } | null;
  readonly editing: { readonly node: string; readonly port: PortDescription; readonly box: DOMRect; readonly problem: string } | null;
  /** The picker of models: `listing` is null until the server has answered, `chosen` until a key moves it. */
  readonly picker: {
    readonly node: string;
    readonly port: PortDescription;
    readonly box: DOMRect;
    readonly query: string;
    readonly chosen: number | null;
    readonly listing: ModelListing | null;
    readonly problem: string;
  } | null;
  readonly renaming: { readonly node: string; readonly box: DOMRect } | null;
  readonly hint: Hint | null;
  readonly toasts: readonly Toast[];
  readonly dialog: Dialog | null;
  readonly lightbox: { readonly pictures: readonly Picture[]; readonly at: number } | null;
  readonly report: number;
}

export const firstState: EditorState = {
  ready: false,
  catalogue: new Map(),
  connection: 'connecting',
  session: null,
  graphName: 'Untitled',
  savedAs: null,
  unsaved: false,
  nodeCount: 0,
  path: [],
  trail: [],
  shown: null,
  skipped: new Map(),
  canUndo: false,
  canRedo: false,
  selection: [],
  problems: [],
  showProblems: false,
  starting: false,
  pausing: false,
  run: null,
  runGraph: null,
  queue: firstQueue,
  dock: { open: false, tall: false, tab: 'progress', height: 236 },
  palette: { open: true, query: '', folded: new Set() },
  inspector: true,
  more: new Set(),
  search: null,
  menu: null,
  editing: null,
  picker: null,
  renaming: null,
  hint: null,
  toasts: [],
  dialog: null,
  lightbox: null,
  report: 0,
};

export const isBusy = ({ run, starting }: EditorState): boolean => starting || (run !== null && !isOver(run));

/** What the server says of a node of the shown run; the run's graph goes first, because the canvas may show another. */
export function describeRunNode({ catalogue, runGraph }: EditorState, node: string): NodeDescription | undefined {
  return runGraph ? typesOf(runGraph, catalogue).get(nodeInside(runGraph, node)?.type ?? '') : undefined;
}
export const runNodeTitle = ({ runGraph, catalogue }: EditorState, node: string): string =>
  runGraph ? titleOnWay(runGraph, catalogue, node) : node;
/** The run as the open part of the document shows it. */
export const runNodesShown = ({ run, runGraph, path }: EditorState): ReadonlyMap<string, NodeRun> =>
  run && runGraph ? runNodesAt(run, runGraph, path) : new Map();

/** The node that would give what it has if it were told to stop now; null when none can. */
export function stoppableNode(state: EditorState): string | null {
  const node = state.run && nodeAtWork(state.run);
  return node && describeRunNode(state, node)?.stops ? node : null;
}
