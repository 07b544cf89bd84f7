// Version 3: what nodes took, to foretell runs; what a run was made with, to replay it; digests of the whole content of large files.
export const step = `
  CREATE TABLE costs (type TEXT NOT NULL, provider TEXT NOT NULL, settings TEXT NOT NULL, samples TEXT NOT NULL, updated TEXT NOT NULL, PRIMARY KEY (type, provider, settings)) STRICT, WITHOUT ROWID;
  CREATE TABLE run_locks (run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE, facts TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE content_digests (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, sha256 TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;
