// The versions of results.sqlite, as steps.ts for the database: results by their keys, and the assets that each needs.
const first = `
  CREATE TABLE results (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, body TEXT NOT NULL, seconds REAL NOT NULL, created INTEGER NOT NULL, used INTEGER NOT NULL) STRICT;
  CREATE INDEX results_used ON results (used);
  CREATE TABLE result_assets (result INTEGER NOT NULL REFERENCES results (id) ON DELETE CASCADE, asset TEXT NOT NULL, PRIMARY KEY (result, asset)) STRICT, WITHOUT ROWID;
  CREATE INDEX result_assets_of ON result_assets (asset);
`;

export const resultSteps: readonly string[] = [first];
