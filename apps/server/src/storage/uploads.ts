// What people upload cannot be computed again, so it is kept for a while before anything refers to it: the graph that will may be open in a browser, not saved.
import type { Database } from '../data/database.ts';

const KEPT_DAYS = 30;
const DAY_MS = 24 * 3600 * 1000;

/** Who keeps what was uploaded on a day. */
const ownerOf = (time: number): string => `upload:${new Date(time).toISOString().slice(0, 10)}`;

export function keepUpload(database: Database, asset: string): void {
  database.prepare('INSERT OR IGNORE INTO asset_refs (owner, asset) VALUES (?, ?)').run(ownerOf(Date.now()), asset);
}

/** Of references by `refs.owner`: whether one is by an upload that is not kept any more. Days are texts of one length, so their order is that of time. */
export const expiredUpload = (): string => `(refs.owner GLOB 'upload:*' AND refs.owner < '${ownerOf(Date.now() - KEPT_DAYS * DAY_MS)}')`;
