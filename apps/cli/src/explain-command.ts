// facewright explain: what a run would do, why, how long it may take and what is missing.
import { styleText } from 'node:util';
import { chooseProvider, sizeText, type ProviderChoice } from '@facewright/runtime';
import { durationText, type Forecast, type ForetoldRun } from '@facewright/core';
import { foretellRun, loadNodes, openDataFolder } from '@facewright/server';
import { applySettings } from './apply-settings.ts';
import { readGraph } from './read-graph.ts';

export interface ExplainCommand {
  readonly path: string;
  readonly settings: readonly string[];
  /** Nodes whose results are wanted; without it the output nodes. */
  readonly targets?: readonly string[] | undefined;
  readonly dataFolder: string;
  /** Absolute paths of the models folders. */
  readonly models: readonly string[];
  readonly provider: ProviderChoice;
  readonly nodes?: string | undefined;
}

export async function explainCommand({
  path,
  settings,
  targets,
  dataFolder,
  models,
  provider: choice,
  nodes,
}: ExplainCommand): Promise<ForetoldRun> {
  const catalogue = await loadNodes(nodes);
  const graph = applySettings(await readGraph(path), settings, catalogue);
  const { provider } = await chooseProvider(choice);
  const data = openDataFolder(dataFolder, models);
  try {
    return await foretellRun(data, { graph, ...(targets && { targets }), catalogue, provider });
  } finally {
    data.close();
  }
}

const forecastText = (forecast: Forecast | null): string => {
  if (!forecast) return 'time unknown';
  const { seconds, memory, basis, runs } = forecast;
  const by = `${runs} ${runs === 1 ? 'run' : 'runs'} with ${basis === 'same settings' ? 'these settings' : basis}`;
  return `about ${durationText(seconds)}${memory === null ? '' : `, ${sizeText(memory)}`} by ${by}`;
};

/** One thing a line. */
export function explanationLines({ plan, problems, missing, models, total }: ForetoldRun, colour: boolean): string[] {
  const dim = (text: string) => (colour ? styleText('dim', text, { validateStream: false }) : text);
  const lines = [...problems, ...missing].map(({ message }) => message);
  for (const { node, type, action, reason, forecast, resumes } of plan) {
    const goesOn = resumes === null ? '' : `; goes on from what was kept on ${new Date(resumes).toLocaleString('sv-SE')}`;
    lines.push(
      `${{ run: 'run   ', cached: 'stored', open: 'open  ' }[action]} ${node} (${type}): ${reason}${goesOn}${action === 'run' ? dim(` [${forecastText(forecast)}]`) : ''}`,
    );
  }
  for (const { name, bytes, nodes } of models)
    lines.push(`model  ${name} (${bytes === null ? 'missing' : sizeText(bytes)}) for ${nodes.join(', ')}`);
  const count = (what: (typeof plan)[number]['action']) => plan.filter(({ action }) => action === what).length;
  const running = count('run');
  if (running > 0)
    lines.push(
      `${running} to run, ${count('cached')} stored${count('open') > 0 ? `, ${count('open')} open until others have run` : ''}: ` +
        (total.unknown === running
          ? 'time unknown, since nothing like it ran here before'
          : `about ${durationText(total.seconds)}${total.unknown > 0 ? `, and ${total.unknown} of which nothing is known` : ''}${total.memory === null ? '' : `, ${sizeText(total.memory)} of memory`}`),
    );
  return lines;
}
