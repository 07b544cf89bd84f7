// Version 6: batches. Rows that have not begun are not stored: a row is computed from the data, which lies in blocks of rows, and from the plan in `body`.
// Numbers are never given again, since what lies in memory goes by them. `recorded` counts what is recorded of a batch, so that what came since can be asked for. A row to be run again keeps its record until then, as `waiting`.
import { keepAssets, releaseAssets } from './keep-assets.ts';

export const step = `
  CREATE TABLE batches (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, client_key TEXT UNIQUE, name TEXT NOT NULL, status TEXT NOT NULL, created TEXT NOT NULL, finished TEXT, priority REAL NOT NULL, place REAL NOT NULL, graph_digest TEXT NOT NULL, body TEXT NOT NULL, data_rows INTEGER NOT NULL, count INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, forgiven INTEGER NOT NULL DEFAULT 0, seconds REAL NOT NULL DEFAULT 0, last_seq INTEGER NOT NULL DEFAULT 0, last_recorded INTEGER NOT NULL DEFAULT 0, score_names TEXT NOT NULL DEFAULT '[]') STRICT;
  CREATE INDEX batches_queue ON batches (status, priority DESC, place);
  CREATE INDEX batches_graph ON batches (graph_digest, number);
  CREATE TABLE batch_data (batch INTEGER NOT NULL REFERENCES batches (number) ON DELETE CASCADE, first INTEGER NOT NULL, rows TEXT NOT NULL, PRIMARY KEY (batch, first)) STRICT;
  CREATE TABLE batch_rows (batch INTEGER NOT NULL REFERENCES batches (number) ON DELETE CASCADE, row INTEGER NOT NULL, status TEXT NOT NULL, digest TEXT NOT NULL, attempt INTEGER NOT NULL, seconds REAL NOT NULL, time TEXT NOT NULL, problems TEXT NOT NULL, outputs TEXT NOT NULL, scores TEXT NOT NULL, recorded INTEGER NOT NULL, PRIMARY KEY (batch, row)) STRICT;
  CREATE INDEX batch_rows_recorded ON batch_rows (batch, recorded);
  CREATE INDEX batch_rows_amiss ON batch_rows (batch, status, row) WHERE status <> 'finished';
  CREATE TABLE batch_events (batch INTEGER NOT NULL REFERENCES batches (number) ON DELETE CASCADE, seq INTEGER NOT NULL, time TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (batch, seq)) STRICT, WITHOUT ROWID;
  ${keepAssets('batches', 'body', "'batch:' || it.number")}
  ${keepAssets('batch_data', 'rows', "'batch:' || it.batch")}
  ${keepAssets('batch_rows', 'outputs', "'batch:' || it.batch")}
  ${releaseAssets('batches', "'batch:' || it.number")}
`;
