// Version 7: what jobs of a graph took of memory, to know which fit beside each other.
export const step = `
  CREATE TABLE job_memory (graph TEXT PRIMARY KEY, peaks TEXT NOT NULL, updated TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;
