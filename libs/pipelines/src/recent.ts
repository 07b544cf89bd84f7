// Values that are asked for again and again: the last few stay.
const kept = 4;

/** What `make` gave for a key when it was last asked; a failure is forgotten. */
export function recent<T>(values: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const value = values.get(key) ?? make();
  values.delete(key);
  values.set(key, value);
  value.catch(() => values.get(key) === value && values.delete(key));
  if (values.size > kept) values.delete(values.keys().next().value!);
  return value;
}
