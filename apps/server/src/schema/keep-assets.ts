// SQL by which rows keep the assets that they name, for use in steps. Since steps have been made with it, it is never changed.

/** Rows of `table` before the step, or the row `new` in a trigger. `it` stands for the row in `owner`. Deeper than 1000 levels SQLite reads no JSON, and nothing is named. */
const named = (row: string, from: string, column: string, owner: string): string => `
  INSERT OR IGNORE INTO asset_refs (owner, asset)
  SELECT ${owner.replaceAll(/\bit\./g, `${row}.`)}, substr(atom, -71)
  FROM ${from} json_tree(CASE WHEN instr(${row}.${column}, 'sha256:') > 0 AND json_valid(${row}.${column}) THEN ${row}.${column} END)
  WHERE type = 'text' AND length(atom) IN (71, 77) AND substr(atom, -71) GLOB 'sha256:*';`;

/**
 * From this step on, for old rows and new: every asset that the JSON in `column` names, by its id or as asset:sha256:…, is in `asset_refs` and so is not removed from
 * the store. `owner` is SQL over the row `it`, such as `'run:' || it.run`; the assets are kept until `releaseAssets` of the same owner.
 */
export const keepAssets = (table: string, column: string, owner: string): string => `
  ${named('it', `${table} AS it,`, column, owner)}
  CREATE TRIGGER ${table}_${column}_inserted AFTER INSERT ON ${table} WHEN instr(new.${column}, 'sha256:') > 0 BEGIN
    ${named('new', '', column, owner)}
  END;
  CREATE TRIGGER ${table}_${column}_updated AFTER UPDATE OF ${column} ON ${table} WHEN instr(new.${column}, 'sha256:') > 0 BEGIN
    ${named('new', '', column, owner)}
  END;
`;

/** From this step on, deleting a row of `table` lets go of what its owner kept. */
export const releaseAssets = (table: string, owner: string): string => `
  CREATE TRIGGER ${table}_deleted AFTER DELETE ON ${table} BEGIN
    DELETE FROM asset_refs WHERE owner = ${owner.replaceAll(/\bit\./g, 'old.')};
  END;
`;
