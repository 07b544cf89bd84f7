// The majority of votes on a set: how the paper's labels are decided.
import type { Choice } from '@facewright/core';

/** The choice with the most votes; 'tie' where several have as many; null without votes. */
export function majority(choices: readonly Choice[]): Choice | null {
  const counts = new Map<Choice, number>();
  for (const choice of choices) counts.set(choice, (counts.get(choice) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const leaders = [...counts].filter(([, count]) => count === most);
  return leaders.length === 0 ? null : leaders.length > 1 ? 'tie' : leaders[0]![0];
}
