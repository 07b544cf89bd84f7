// How each node of the canvas looks: the state of the run and the problems of the graph, together.
import { durationText, definitionsOf, lowerGraph, type Graph } from '@facewright/core';
import { assetUrl } from '../api/http.ts';
import { titleOnWay, type Catalogue } from '../canvas/document.ts';
import { plainLook, type NodeLook } from '../canvas/node-look.ts';
import { contentAt, scopeOf, stepsOf, walk } from '../canvas/scope.ts';
import { describeRunNode, runNodesShown, type EditorState } from './editor-state.ts';
import { howFar, timeLeft, withoutNode } from './format.ts';
import { picturesOf } from './results.ts';
import type { NodeRun, RunState } from './run-state.ts';

/** As many as fit on the widest node. */
const SHOWN = 8;

function clock(node: NodeRun): string {
  const items = node.items === 0 ? '' : `${node.items} ${node.items === 1 ? 'item' : 'items'}`;
  return [items, state(node)].filter(Boolean).join(' · ');
}
function state({ status, done, total, secondsLeft, seconds, unfinished }: NodeRun): string {
  switch (status) {
    case 'running':
      return secondsLeft !== null ? timeLeft(secondsLeft) : howFar(done, total);
    case 'done':
      if (unfinished !== null) return 'unfinished';
      return seconds === null ? 'done' : durationText(seconds);
    case 'cached':
      return 'cached';
    case 'failed':
      return 'failed';
    case 'queued':
      return '';
    case 'blocked':
      return 'blocked';
    case 'stopped':
      return 'stopped';
  }
}

/** Of the node, or of one inside it; `way`: ids of the nodes that lead to it, and its own. */
function curveOf(run: RunState, way: readonly string[]): readonly number[] {
  const curves = [...run.curves.values()].filter(({ node }) => {
    const steps = stepsOf(node);
    return way.every((step, i) => steps[i] === step);
  });
  return (curves.findLast(({ name }) => name === 'loss') ?? curves.at(-1))?.values ?? [];
}

function lookOfRun(state: EditorState, run: RunState, id: string, node: NodeRun): NodeLook {
  const way = [...state.path, id];
  const images = picturesOf(id, describeRunNode(state, way.join(':')), node.outputs).flatMap(({ pictures }) =>
    pictures.map(({ image }) => assetUrl(image.asset)),
  );
  return {
    ...plainLook,
    status: node.status,
    progress: node.status === 'running' && node.total > 0 ? node.done / node.total : null,
    clock: clock(node),
    message: withoutNode(node.problem?.message ?? ''),
    pictures: node.preview ? [node.preview] : images.slice(0, SHOWN),
    more: node.preview ? 0 : Math.max(0, images.length - SHOWN),
    curve: curveOf(run, way),
  };
}

/** Nodes that do not run since a muted one would feed them: the title of that, by the way to each. */
export function skippedIn(graph: Graph, installed: Catalogue): ReadonlyMap<string, string> {
  const contents = [graph, ...Object.values(graph.subgraphs ?? {})];
  if (!contents.some(({ nodes }) => Object.values(nodes).some(({ mode }) => mode === 'muted'))) return new Map();
  const lowered = lowerGraph(graph, definitionsOf(installed.values()));
  if (!lowered.graph) return new Map();
  const { skipped } = lowered;
  return new Map([...skipped].filter(([way, muted]) => way !== muted).map(([way, muted]) => [way, titleOnWay(graph, installed, muted)]));
}

/** Of the nodes that the canvas shows. */
export function looksOf(state: EditorState): ReadonlyMap<string, NodeLook> {
  const looks = new Map<string, NodeLook>();
  const { run, runGraph, path } = state;
  const nodes = runNodesShown(state);
  if (run) for (const [id, node] of nodes) looks.set(id, lookOfRun(state, run, id, node));
  // A node that only shows what it gets has no outputs: its pictures are those of the nodes that feed it.
  const links = runGraph ? contentAt(runGraph, scopeOf(walk(runGraph, path))).links : [];
  for (const { from, to } of links) {
    const look = looks.get(to[0]);
    const feeding = nodes.get(from[0]);
    if (!look || look.pictures.length || !feeding || (look.status !== 'done' && look.status !== 'cached')) continue;
    const images = picturesOf(from[0], describeRunNode(state, [...path, from[0]].join(':')), feeding.outputs)
      .filter(({ port }) => port === from[1])
      .flatMap(({ pictures }) => pictures.map(({ image }) => assetUrl(image.asset)));
    if (images.length) looks.set(to[0], { ...look, pictures: images.slice(0, SHOWN), more: Math.max(0, images.length - SHOWN) });
  }
  for (const [way, skipped] of state.skipped) {
    const steps = stepsOf(way);
    const id = steps.at(-1)!;
    if (steps.slice(0, -1).join(':') === path.join(':')) looks.set(id, { ...(looks.get(id) ?? plainLook), skipped });
  }
  if (state.showProblems)
    for (const { node, port, message } of problemsShown(state)) {
      const look = looks.get(node) ?? plainLook;
      looks.set(node, { ...look, problems: new Map(look.problems).set(port, withoutNode(message)) });
    }
  return looks;
}

/** Problems of the nodes that the canvas shows; one inside a subgraph is its problem as a whole. */
export function problemsShown({
  problems,
  path,
  shown,
}: EditorState): readonly { readonly node: string; readonly port: string; readonly message: string }[] {
  return problems.flatMap(({ subgraph, node, port = '', message }) => {
    if (node === undefined) return [];
    if (subgraph !== undefined) return subgraph === shown ? [{ node, port, message }] : [];
    const steps = stepsOf(node);
    const at = steps[path.length];
    if (at === undefined || !path.every((step, i) => steps[i] === step)) return [];
    const within = steps.length > path.length + 1;
    return [{ node: at, port: within ? '' : port, message }];
  });
}
