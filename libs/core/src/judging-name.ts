// Judging tasks as values that a person's graph holds: judging:NAME in a path field.

export const judgingName = (task: string): string => `judging:${task}`;
/** The name of the task that a text names; null for any other text. */
export const judgingTaskOf = (name: string): string | null => /^judging:(.+)$/s.exec(name)?.[1] ?? null;
