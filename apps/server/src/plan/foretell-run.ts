// What a run would do, before it is started: what runs and why, what it goes on from, which models it opens, how long it takes, what is missing.
import { assetIdOf, judgingTaskOf, toProblem, type ForetoldRun, type ForetoldStep, type NeededModel, type Problem } from '@facewright/core';
import { checkpointKeyOf, err as engineErr, explainRun, toPlanStep, type PlannedStep, type PlanRequest } from '@facewright/engine';
import type { DataFolder } from '../data/data-folder.ts';

/** The graph is as saved: it is migrated and validated here. Nothing is computed or changed. */
export async function foretellRun(
  data: Pick<DataFolder, 'assets' | 'cache' | 'checkpoints' | 'costs' | 'files' | 'fingerprint' | 'history'>,
  request: Omit<PlanRequest, 'cache' | 'history' | 'host'>,
): Promise<ForetoldRun> {
  const { steps, problems } = await explainRun({ ...request, cache: data.cache, history: data.history, host: data });
  const plan = await Promise.all(
    steps.map(async (step): Promise<ForetoldStep> => {
      const runs = step.action === 'run';
      const kept = runs ? await data.checkpoints.savedAt(checkpointKeyOf(step)) : null;
      return {
        ...toPlanStep(step),
        forecast: runs ? data.costs.foretell(step.parts, step.definition, request.provider) : null,
        // A node whose definition `extends` keeps what it finished, too: that is a stored result then.
        resumes: kept?.toISOString() ?? null,
      };
    }),
  );
  const running = plan.filter(({ action }) => action === 'run');
  const known = running.map(({ forecast }) => forecast).filter((forecast) => forecast !== null);
  const memories = known.map(({ memory }) => memory).filter((memory) => memory !== null);
  return {
    plan,
    problems,
    missing: (await Promise.all(steps.map((step) => missingOf(step, data)))).flat(),
    models: await modelsOf(steps, data.files),
    total: {
      seconds: known.reduce((sum, { seconds }) => sum + seconds, 0),
      unknown: running.length - known.length,
      memory: memories.length === 0 ? null : Math.max(...memories),
    },
  };
}

async function missingOf(
  { node, type, action, parts, definition }: PlannedStep,
  { assets, files }: Pick<DataFolder, 'assets' | 'files'>,
): Promise<Problem[]> {
  // A stored result needs no file any more.
  if (action === 'cached') return [];
  const problems: Problem[] = [];
  for (const [name, part] of Object.entries(parts.inputs)) {
    const text = 'path' in part ? part.path : 'value' in part && typeof part.value === 'string' ? part.value : null;
    if (text === null) continue;
    const asset = assetIdOf(text);
    const port = definition.inputs[name]?.type;
    const error = asset
      ? (await assets.find(asset)) === null && engineErr.MISSING_ASSET(asset)
      : 'path' in part &&
        judgingTaskOf(text) === null &&
        (await files.kind(text)) === null &&
        (port?.kind === 'path' && port.of === 'folder' ? engineErr.MISSING_FOLDER : engineErr.MISSING_FILE)(files.resolve(text));
    if (error) problems.push(toProblem(error.at(`node ${node} (${type})`, `input ${name}`), { node, port: name }));
  }
  return problems;
}

/** The models that nodes which run get by links, and the files of models folders that they name themselves; the largest first. */
async function modelsOf(steps: readonly PlannedStep[], files: DataFolder['files']): Promise<NeededModel[]> {
  const byId = new Map(steps.map((step) => [step.node, step]));
  const needed = new Map<string, { bytes: number | null; nodes: Set<string> }>();
  const need = async (name: string, node: string, bytes: () => number | null | Promise<number | null>) => {
    const entry = needed.get(name) ?? { bytes: await bytes(), nodes: new Set<string>() };
    needed.set(name, entry);
    entry.nodes.add(node);
  };
  const isModel = (step: PlannedStep, name: string) => ['model', 'models'].includes(step.definition.inputs[name]?.type.kind ?? '');
  /** What `step` brings to `node`, through the nodes that feed it with models. */
  const visit = async (step: PlannedStep, node: string): Promise<void> => {
    for (const [name, part] of Object.entries(step.parts.inputs)) {
      const port = step.definition.inputs[name]?.type;
      if ('path' in part && port?.kind === 'path' && port.models)
        await need(files.resolve(part.path), node, () => files.wholeSize(part.path));
      if (!('key' in part) || !isModel(step, name)) continue;
      const source = byId.get(part.node);
      if (source?.stored) for (const { name, bytes } of weightsIn(source.stored.outputs[part.output])) await need(name, node, () => bytes);
      else if (source) await visit(source, node);
    }
  };
  for (const step of steps) if (step.action === 'run') await visit(step, step.node);
  return [...needed]
    .map(([name, { bytes, nodes }]) => ({ name, bytes, nodes: [...nodes] }))
    .sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0));
}

/** The weight files that a model handle, or a list of them, names. */
function weightsIn(value: unknown): { readonly name: string; readonly bytes: number }[] {
  if (typeof value !== 'object' || value === null) return [];
  const { weights, ...rest } = value as { readonly weights?: unknown };
  const ref = weights as
    { readonly path?: string; readonly bytes?: number; readonly asset?: { readonly id: string; readonly bytes: number } } | undefined;
  const own =
    typeof ref?.path === 'string' && typeof ref.bytes === 'number'
      ? [{ name: ref.path, bytes: ref.bytes }]
      : ref?.asset
        ? [{ name: ref.asset.id, bytes: ref.asset.bytes }]
        : [];
  return [...own, ...Object.values(rest).flatMap(weightsIn)];
}
