// Version 1: runs and their events, what explains the next run, digests of the user's files, judging tasks and votes.
// IF NOT EXISTS, because data folders from before versions were counted have all or some of these tables.
export const step = `
  CREATE TABLE IF NOT EXISTS runs (id TEXT PRIMARY KEY, name TEXT NOT NULL, status TEXT NOT NULL, created TEXT NOT NULL, finished TEXT, last_seq INTEGER NOT NULL, graph TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS events (run TEXT NOT NULL REFERENCES runs (id), seq INTEGER NOT NULL, time TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run, seq)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS history (graph TEXT NOT NULL, node TEXT NOT NULL, parts TEXT NOT NULL, PRIMARY KEY (graph, node)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS judging_tasks (name TEXT PRIMARY KEY, created TEXT NOT NULL, about TEXT NOT NULL, digest TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS judging_sets (task TEXT NOT NULL REFERENCES judging_tasks (name) ON DELETE CASCADE, number INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (task, number)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS judging_annotators (token TEXT PRIMARY KEY, task TEXT NOT NULL REFERENCES judging_tasks (name) ON DELETE CASCADE, name TEXT NOT NULL, created TEXT NOT NULL, withdrawn TEXT, UNIQUE (task, name)) STRICT;
  CREATE TABLE IF NOT EXISTS judging_votes (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, annotator TEXT NOT NULL REFERENCES judging_annotators (token) ON DELETE CASCADE, number INTEGER NOT NULL, choice TEXT, time TEXT NOT NULL, UNIQUE (annotator, id)) STRICT;
  CREATE INDEX IF NOT EXISTS judging_votes_latest ON judging_votes (annotator, number, seq);
  CREATE VIEW IF NOT EXISTS judging_counting AS SELECT annotator, number, choice, max(seq) AS seq FROM judging_votes GROUP BY annotator, number;
  CREATE TABLE IF NOT EXISTS digests (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, digest TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;
