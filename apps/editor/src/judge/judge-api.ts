// What the page of an annotator asks of the server.
import type { BlindTask, Vote } from '@facewright/core';

/** 'gone': the link does not work; 'refused': the server says no, and would say it again; 'away': no answer, or one that passes. */
export class AskFailed extends Error {
  readonly why: 'gone' | 'refused' | 'away';
  constructor(why: AskFailed['why'], message: string) {
    super(message);
    this.why = why;
  }
}

export interface JudgeApi {
  task(): Promise<BlindTask>;
  vote(votes: readonly Vote[]): Promise<void>;
  picture(set: number, shown: number): string;
}

export function createJudgeApi(token: string): JudgeApi {
  const base = `/api/v1/judge/${encodeURIComponent(token)}`;
  async function ask(path: string, init?: RequestInit): Promise<unknown> {
    let response: Response;
    try {
      response = await fetch(base + path, init);
    } catch {
      throw new AskFailed('away', 'The server does not answer.');
    }
    if (response.ok) return response.json();
    const { status } = response;
    throw new AskFailed(status === 404 ? 'gone' : status >= 500 || status === 429 ? 'away' : 'refused', `The server answered ${status}.`);
  }
  return {
    task: async () => (await ask('')) as BlindTask,
    async vote(votes) {
      await ask('/votes', { method: 'POST', body: JSON.stringify({ votes }), headers: { 'content-type': 'application/json' } });
    },
    picture: (set, shown) => `${base}/pictures/${set}/${shown}`,
  };
}
