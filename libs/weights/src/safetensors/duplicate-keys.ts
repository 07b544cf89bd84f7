// Finds keys that a JSON object names twice, which JSON.parse silently resolves to the last one.

/** Keys that occur more than once in the outermost object of valid JSON text. */
export function duplicateKeys(json: string): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    const c = json[i];
    if (c === '{' || c === '[') depth++;
    else if (c === '}' || c === ']') depth--;
    else if (c === '"') {
      const start = i++;
      while (json[i] !== '"') i += json[i] === '\\' ? 2 : 1;
      if (depth !== 1) continue;
      let next = i + 1;
      while (' \t\r\n'.includes(json[next] ?? '-')) next++;
      if (json[next] !== ':') continue;
      const key = JSON.parse(json.slice(start, i + 1)) as string;
      if (seen.has(key)) twice.add(key);
      seen.add(key);
    }
  }
  return [...twice];
}
