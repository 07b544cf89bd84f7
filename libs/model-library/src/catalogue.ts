// Models that `facewright models pull` knows by name.
import type { ModelFolder } from '@facewright/core';
import entries from './catalogue.json' with { type: 'json' };

export interface CatalogueEntry {
  readonly name: string;
  readonly title: string;
  readonly folder: ModelFolder;
  readonly url: string;
  /** The name that the file gets. */
  readonly file: string;
  /** Null where nobody vouches for it. */
  readonly bytes: number | null;
  /** Lower-case hexadecimal; null where nobody vouches for it: then a download must be accepted unverified. */
  readonly sha256: string | null;
  readonly licence: string;
  readonly licenceUrl: string;
  readonly source: string;
}

export const modelCatalogue = entries as readonly CatalogueEntry[];
