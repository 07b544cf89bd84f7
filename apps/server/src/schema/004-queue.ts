// Version 4: the queue. Runs have a number, a place, a priority and what came of attempts; graphs lie apart, so that a run's row is small to write at every event.
// `counter` counts everything that has an order, since clocks jump: numbers of runs, their places (negative: at the front) and changes.
import { keepAssets } from './keep-assets.ts';

export const step = `
  CREATE TABLE queue (one INTEGER PRIMARY KEY CHECK (one = 1), paused INTEGER NOT NULL, counter INTEGER NOT NULL) STRICT;
  INSERT INTO queue SELECT 1, 0, count(*) FROM runs;

  CREATE TABLE run_graphs (run TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE, body TEXT NOT NULL) STRICT;
  INSERT INTO run_graphs SELECT id, graph FROM runs;
  DROP TRIGGER runs_graph_inserted;
  DROP TRIGGER runs_graph_updated;
  ALTER TABLE runs DROP COLUMN graph;
  ${keepAssets('run_graphs', 'body', "'run:' || it.run")}
  ALTER TABLE runs ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN place REAL NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN cancelling INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN client_key TEXT;
  ALTER TABLE runs ADD COLUMN retry_of TEXT;
  ALTER TABLE runs ADD COLUMN targets TEXT;
  ALTER TABLE runs ADD COLUMN problem TEXT;
  ALTER TABLE runs ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
  UPDATE runs SET number = n, place = n, changed = n FROM (SELECT id AS same, row_number() OVER (ORDER BY created, rowid) AS n FROM runs) WHERE same = id;
  CREATE UNIQUE INDEX runs_number ON runs (number);
  CREATE UNIQUE INDEX runs_client_key ON runs (client_key) WHERE client_key IS NOT NULL;
  CREATE INDEX runs_queue ON runs (status, priority DESC, place);
  CREATE INDEX runs_changed ON runs (changed);
  CREATE TABLE removed_runs (id TEXT PRIMARY KEY, changed INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX removed_runs_changed ON removed_runs (changed);

  CREATE TRIGGER run_changed AFTER UPDATE ON runs
    WHEN (OLD.status, OLD.priority, OLD.place, OLD.attempts, OLD.cancelling) IS NOT (NEW.status, NEW.priority, NEW.place, NEW.attempts, NEW.cancelling)
  BEGIN
    UPDATE queue SET counter = counter + 1;
    UPDATE runs SET changed = (SELECT counter FROM queue) WHERE id = NEW.id;
  END;
  CREATE TRIGGER run_removed AFTER DELETE ON runs BEGIN
    UPDATE queue SET counter = counter + 1;
    INSERT OR REPLACE INTO removed_runs SELECT OLD.id, counter FROM queue;
  END;
  CREATE TRIGGER queue_paused AFTER UPDATE OF paused ON queue WHEN OLD.paused <> NEW.paused BEGIN
    UPDATE queue SET counter = counter + 1;
  END;
`;
