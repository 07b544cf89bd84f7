// The loss of this trainer and what it trains, for tools that measure it.
export { frozenParameters } from './frozen-parameters.ts';
export { rankingGraph } from './ranking-graph.ts';
