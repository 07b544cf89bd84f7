// Names of ports in words.

/** Port names are keys such as `faceScore` or `min_size`; people read "face score" and "min size". */
export const label = (name: string): string =>
  name.replace(/_/g, ' ').replace(/([a-z\d])([A-Z])(?=[a-z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`);
