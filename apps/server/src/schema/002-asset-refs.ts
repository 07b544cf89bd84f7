// Version 2: which assets runs and judging tasks refer to, so that what nobody refers to can be removed.
import { keepAssets, releaseAssets } from './keep-assets.ts';

export const step = `
  CREATE TABLE asset_refs (owner TEXT NOT NULL, asset TEXT NOT NULL, PRIMARY KEY (owner, asset)) STRICT, WITHOUT ROWID;
  CREATE INDEX asset_refs_of ON asset_refs (asset);
  ${keepAssets('runs', 'graph', "'run:' || it.id")}
  ${keepAssets('events', 'body', "'run:' || it.run")}
  ${releaseAssets('runs', "'run:' || it.id")}
  ${keepAssets('judging_sets', 'body', "'judging:' || it.task")}
  ${releaseAssets('judging_tasks', "'judging:' || it.name")}
`;
