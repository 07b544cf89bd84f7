// Version 5: tokens that let others in, and the sessions of browsers that showed one. Of either only a hash is kept.
export const step = `
  CREATE TABLE access_tokens (key TEXT PRIMARY KEY, hash BLOB NOT NULL, name TEXT NOT NULL UNIQUE, scope TEXT NOT NULL, created TEXT NOT NULL, expires TEXT, used TEXT) STRICT, WITHOUT ROWID;
  CREATE TABLE access_sessions (key TEXT PRIMARY KEY, hash BLOB NOT NULL, token TEXT NOT NULL REFERENCES access_tokens (key) ON DELETE CASCADE, expires TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX access_sessions_of ON access_sessions (token);
`;
