// What a run will do, node by node, and why.
import { defaultTargets, type Catalogue, type Graph, type NodeDefinition, type PlanStep } from '@facewright/core';
import { explainChange } from './explain-change.ts';
import type { EngineHost } from './host.ts';
import type { KeyHistory, ResultCache, StoredResult } from './result-cache.ts';
import type { KeyParts } from './result-key.ts';
import { openSchedule } from './schedule.ts';
import type { Step, Steps } from './step.ts';

export interface PlanRequest {
  /** A graph without problems: it has passed prepareGraph with the same targets. */
  readonly graph: Graph;
  readonly catalogue: Catalogue;
  readonly cache: ResultCache;
  readonly history: KeyHistory;
  readonly host: Pick<EngineHost, 'fingerprint'>;
  readonly provider: string;
  /** Nodes whose results are wanted; without it the output nodes. */
  readonly targets?: readonly string[];
}
/** A step with what its plan rests on. */
export interface PlannedStep extends PlanStep {
  readonly definition: NodeDefinition;
  /** Of an open step no inputs: which count is not decided. */
  readonly parts: KeyParts;
  /** The stored result of a cached step; null when another node of this run computes the same. */
  readonly stored: StoredResult | null;
}
export interface Plan {
  /** In the order in which they run. Nodes that only feed stored results, and have none themselves, are left out, and so are lazy inputs that nobody is known to need. */
  readonly steps: readonly PlannedStep[];
  readonly targets: readonly string[];
}

/** The part of a step that goes out in events. */
export const toPlanStep = ({ node, type, action, reason, key }: PlanStep): PlanStep => ({ node, type, action, reason, key });

/** Rejects when a path cannot be fingerprinted (ENGINE_UNREADABLE_PATH) or a node cannot say what it needs (ENGINE_NEEDS). */
export async function planRun(request: PlanRequest): Promise<Plan> {
  const { graph, catalogue, history, targets = defaultTargets(graph, catalogue) } = request;
  const schedule = await openSchedule({ ...request, targets });
  return { steps: await describePlan(schedule, history, graph.name), targets };
}

export const storedReason = 'nothing changed since its result was stored';
export const sameReason = ({ id }: Step): string => `computes the same as node ${id}`;

/** The steps as far as they are decided, before anything has run. */
export async function describePlan({ steps }: Pick<Steps, 'steps'>, history: KeyHistory, graph: string): Promise<PlannedStep[]> {
  const plan: PlannedStep[] = [];
  /** The node whose value decides about those that are open. */
  const deciding = new Map<Step, string>();
  for (const step of steps.values()) {
    const { id: node, definition, keyed, open, wanted } = step;
    const { type, version } = definition;
    const say = (action: PlanStep['action'], reason: string) =>
      plan.push({
        node,
        type,
        action,
        reason,
        key: keyed?.key ?? '',
        definition,
        parts: keyed?.parts ?? { type, version, inputs: {} },
        stored: keyed?.stored ?? null,
      });
    if (keyed?.stored) say('cached', storedReason);
    else if (open && wanted) {
      const decides = open.what === 'value' ? open.of.id : deciding.get(open.of)!;
      deciding.set(step, decides);
      say('open', `decided by what node ${decides} gives`);
    } else if (keyed && wanted === 'value') {
      const { parts, sameAs } = keyed;
      if (sameAs) say('cached', sameReason(sameAs));
      else if (definition.effects === 'writes') say('run', 'writes files, so it runs every time');
      else say('run', explainChange(await history.get(graph, node), parts));
    }
  }
  return plan;
}
