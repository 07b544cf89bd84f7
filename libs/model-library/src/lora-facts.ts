// What a LoRA file says of itself: its factors tell the rank, its metadata the rest.
import { toFloat32 } from '@facewright/tensor';
import { readTensors, type StoredTensor } from '@facewright/weights';

export interface LoraFacts {
  /** Every rank that occurs, ascending. */
  readonly ranks: readonly number[];
  /** Every alpha that occurs, ascending; empty where none is stored: then it is the rank. */
  readonly alphas: readonly number[];
  /** The model that it was trained on, as the file says; null when it does not. */
  readonly base: string | null;
  /** Words that call it, the most frequent tags of its training first; empty when the file does not say. */
  readonly words: readonly string[];
}
const MOST_WORDS = 20;

export async function loraFacts(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>>,
): Promise<LoraFacts> {
  const downs = [...tensors].filter(([name]) =>
    /\.(lora_down|lora_A|lora\.down|lora_linear_layer\.down|\w+_lora\.down)\.weight$/.test(name),
  );
  const alphas = new Map([...tensors].filter(([name, { shape }]) => name.endsWith('.alpha') && shape.every((size) => size === 1)));
  const values = [...(await readTensors(alphas))].map(([name, tensor]) => toFloat32(name, tensor).data[0] ?? 0);
  return {
    ranks: ascending(downs.map(([, { shape }]) => shape[0] ?? 0)),
    alphas: ascending([...values, ...adapterAlphas(metadata['lora_adapter_metadata'])]),
    base: metadata['ss_sd_model_name'] ?? metadata['ss_base_model_version'] ?? metadata['modelspec.architecture'] ?? null,
    words: wordsOf(metadata),
  };
}
const ascending = (numbers: readonly number[]): number[] => [...new Set(numbers)].sort((a, b) => a - b);

const parsed = (text: string | undefined): unknown => {
  try {
    return text === undefined ? null : JSON.parse(text);
  } catch {
    // Metadata of others may hold anything; what cannot be read is not shown.
    return null;
  }
};
const membersOf = (value: unknown): [string, unknown][] => (typeof value === 'object' && value !== null ? Object.entries(value) : []);

function adapterAlphas(text: string | undefined): number[] {
  return membersOf(parsed(text)).flatMap(([key, value]) => (/(^|\.)lora_alpha$/.test(key) && typeof value === 'number' ? [value] : []));
}

/** What its author calls the trigger, else the tags of the training pictures by how often they occur. */
function wordsOf(metadata: Readonly<Record<string, string>>): string[] {
  const phrase = metadata['modelspec.trigger_phrase'];
  if (phrase)
    return phrase
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '');
  const counts = new Map<string, number>();
  for (const [, tags] of membersOf(parsed(metadata['ss_tag_frequency'])))
    for (const [tag, count] of membersOf(tags)) counts.set(tag.trim(), (counts.get(tag.trim()) ?? 0) + Number(count));
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_WORDS)
    .map(([tag]) => tag);
}
