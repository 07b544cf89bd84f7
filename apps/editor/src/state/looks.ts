// How each node of the canvas looks: the state of the run and the problems of the graph, together.
import { assetUrl } from '../api/http.ts';
import { plainLook, type NodeLook } from '../canvas/node-look.ts';
import { describeRunNode, type EditorState } from './editor-state.ts';
import { duration, howFar, timeLeft, withoutNode } from './format.ts';
import { picturesOf } from './results.ts';
import type { NodeRun, RunState } from './run-state.ts';

/** As many as fit on the widest node. */
const SHOWN = 8;

function clock({ status, done, total, secondsLeft, seconds, unfinished }: NodeRun): string {
  switch (status) {
    case 'running':
      return secondsLeft !== null ? timeLeft(secondsLeft) : howFar(done, total);
    case 'done':
      if (unfinished !== null) return 'unfinished';
      return seconds === null ? 'done' : duration(seconds);
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

function curveOf(run: RunState, node: string): readonly number[] {
  const curves = [...run.curves.values()].filter((curve) => curve.node === node);
  return (curves.find(({ name }) => name === 'loss') ?? curves[0])?.values ?? [];
}

function lookOfRun(state: EditorState, run: RunState, id: string, node: NodeRun): NodeLook {
  const images = picturesOf(id, describeRunNode(state, id), node.outputs).flatMap(({ pictures }) =>
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
    curve: curveOf(run, id),
  };
}

export function looksOf(state: EditorState): ReadonlyMap<string, NodeLook> {
  const looks = new Map<string, NodeLook>();
  const { run } = state;
  if (run) for (const [id, node] of run.nodes) looks.set(id, lookOfRun(state, run, id, node));
  // A node that only shows what it gets has no outputs: its pictures are those of the nodes that feed it.
  for (const { from, to } of run && state.runGraph ? state.runGraph.links : []) {
    const look = looks.get(to[0]);
    const feeding = run?.nodes.get(from[0]);
    if (!look || look.pictures.length || !feeding || (look.status !== 'done' && look.status !== 'cached')) continue;
    const images = picturesOf(from[0], describeRunNode(state, from[0]), feeding.outputs)
      .filter(({ port }) => port === from[1])
      .flatMap(({ pictures }) => pictures.map(({ image }) => assetUrl(image.asset)));
    if (images.length) looks.set(to[0], { ...look, pictures: images.slice(0, SHOWN), more: Math.max(0, images.length - SHOWN) });
  }
  if (state.showProblems)
    for (const { node, port, message } of state.problems) {
      if (node === undefined) continue;
      const look = looks.get(node) ?? plainLook;
      looks.set(node, { ...look, problems: new Map(look.problems).set(port ?? '', withoutNode(message)) });
    }
  return looks;
}
