// The versions of the database, in order: step n makes version n of version n-1. A step that has been released is never edited.
// A new version is a file 00n-what.ts, a line here, and rows for its new tables in fixtures/00n.sql.
import { step as first } from './001-first.ts';
import { step as assetRefs } from './002-asset-refs.ts';
import { step as costsAndLocks } from './003-costs-and-locks.ts';
import { step as queue } from './004-queue.ts';
import { step as access } from './005-access.ts';
import { step as batches } from './006-batches.ts';
import { step as jobMemory } from './007-job-memory.ts';

export const steps: readonly string[] = [first, assetRefs, costsAndLocks, queue, access, batches, jobMemory];
