// What nodes took before, and what that says of the next run: seconds and memory by type, provider and settings.
import type { Forecast, NodeDefinition } from '@facewright/core';
import { canonicalJson, type KeyParts, type NodeCost } from '@facewright/engine';
import type { Database } from '../data/database.ts';

export interface CostBook {
  /** Remembers for a moment, then writes: several nodes in one transaction. A database that cannot be written costs the forecast, never the run. */
  record(cost: NodeCost, definition: NodeDefinition): void;
  flush(): void;
  /** Null where no node of the type ever ran on the provider. */
  foretell(parts: KeyParts, definition: NodeDefinition, provider: string): Forecast | null;
}

type Sample = readonly [seconds: number, memory: number | null];
/** Of the same settings. */
const keptSamples = 9;
/** Settings of a type on a provider. */
const keptSettings = 100;
const writeMs = 500;

/** What may change how long a node takes, as far as its own inputs tell: not its seed, not what texts say. */
const settingsOf = ({ version, inputs }: KeyParts, definition: NodeDefinition): Record<string, unknown> => ({
  version,
  ...Object.fromEntries(
    Object.entries(inputs).flatMap(([name, part]) => {
      const kind = definition.inputs[name]?.type.kind;
      if (kind === 'seed' || kind === 'text') return [];
      return 'value' in part ? [[name, part.value]] : 'path' in part ? [[name, part.digest]] : [];
    }),
  ),
});
const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

export function createCostBook(database: Database): CostBook {
  const select = database
    .prepare<[string, string, string], string>('SELECT samples FROM costs WHERE type = ? AND provider = ? AND settings = ?')
    .pluck();
  const selectAll = database.prepare<[string, string], { settings: string; samples: string }>(
    'SELECT settings, samples FROM costs WHERE type = ? AND provider = ? ORDER BY updated DESC',
  );
  const upsert = database.prepare(
    'INSERT INTO costs (type, provider, settings, samples, updated) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET samples = excluded.samples, updated = excluded.updated',
  );
  const forget = database.prepare(
    `DELETE FROM costs WHERE type = ? AND provider = ? AND settings IN (SELECT settings FROM costs WHERE type = ? AND provider = ? ORDER BY updated DESC LIMIT -1 OFFSET ${keptSettings})`,
  );
  /** By type, provider and settings. */
  const waiting = new Map<string, { readonly of: readonly [string, string, string]; readonly samples: Sample[] }>();
  let timer: NodeJS.Timeout | undefined;

  const write = database.transaction(() => {
    const now = new Date().toISOString();
    for (const { of, samples } of waiting.values()) {
      const before = JSON.parse(select.get(...of) ?? '[]') as Sample[];
      upsert.run(...of, JSON.stringify([...before, ...samples].slice(-keptSamples)), now);
      const [type, provider] = of;
      forget.run(type, provider, type, provider);
    }
  });
  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.size === 0 || !database.open) return;
    try {
      write.immediate();
    } catch {
      // Nobody can be told here, and nothing that matters is lost.
    }
    waiting.clear();
  }

  return {
    record({ parts, seconds, memory, provider }, definition) {
      const of = [parts.type, provider, canonicalJson(settingsOf(parts, definition))] as const;
      const key = of.join('\n');
      const entry = waiting.get(key) ?? { of, samples: [] };
      waiting.set(key, entry);
      entry.samples.push([seconds, memory]);
      if (entry.samples.length > keptSamples) entry.samples.shift();
      timer ??= setTimeout(flush, writeMs).unref();
    },
    flush,
    foretell(parts, definition, provider) {
      const settings = settingsOf(parts, definition);
      const { steps, ...others } = settings;
      const wanted = canonicalJson(settings);
      const wantedOthers = canonicalJson(others);
      const all = selectAll.all(parts.type, provider).map((row) => ({ ...row, samples: JSON.parse(row.samples) as Sample[] }));
      const summarise = (basis: Forecast['basis'], samples: readonly Sample[]): Forecast | null => {
        if (samples.length === 0) return null;
        const measured = samples.map(([, memory]) => memory).filter((memory) => memory !== null);
        return {
          basis,
          runs: samples.length,
          seconds: median(samples.map(([seconds]) => seconds)),
          memory: measured.length === 0 ? null : Math.max(...measured),
        };
      };
      const scaled = (): Sample[] =>
        typeof steps !== 'number'
          ? []
          : all.flatMap(({ settings, samples }) => {
              const { steps: taken, ...rest } = JSON.parse(settings) as Record<string, unknown>;
              if (typeof taken !== 'number' || taken <= 0 || canonicalJson(rest) !== wantedOthers) return [];
              return samples.map(([seconds, memory]): Sample => [(seconds * steps) / taken, memory]);
            });
      return (
        summarise('same settings', all.find(({ settings }) => settings === wanted)?.samples ?? []) ??
        summarise('other steps', scaled()) ??
        summarise(
          'other settings',
          all.flatMap(({ samples }) => samples),
        )
      );
    },
  };
}
