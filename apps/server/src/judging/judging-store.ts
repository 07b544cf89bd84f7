// Judging tasks, their annotators and votes. Votes are only ever added: the last of an annotator on a set counts, and one without a choice takes back.
import { createHash, randomBytes } from 'node:crypto';
import type { Annotator, BlindTask, Choice, Judgements, JudgingSummary, JudgingTask, Vote } from '@facewright/core';
import { err as engineErr } from '@facewright/engine';
import type { Database } from '../data/database.ts';
import { err } from '../errors.ts';
import { placesFor, setsInOrder } from './judging-order.ts';

export interface JudgingStore {
  /** The token of the first annotator; null when it was withdrawn. Throws ENGINE_JUDGING_CHANGED. */
  publish(task: JudgingTask): string | null;
  /** Throws ENGINE_MISSING_JUDGING. */
  read(name: string): Judgements;
  /** Names the content of a task and its votes; 'nothing' where there is no task. */
  digest(name: string): string;
  /** Newest first. */
  list(): readonly JudgingSummary[];
  /** With all votes. Throws SERVER_NO_SUCH, as all below. */
  remove(name: string): void;
  /** Throws also SERVER_BAD_REQUEST where the name is taken. */
  addAnnotator(task: string, name: string): Annotator;
  /** The link stops working; the votes stay. */
  withdraw(task: string, token: string): void;
  blindTask(token: string): BlindTask;
  /** The id of the asset that an annotator sees as picture `shown` of a set. */
  pictureOf(token: string, set: number, shown: number): string;
  /** Stores all or none; returns how many sets are judged. Throws also SERVER_BAD_REQUEST. */
  vote(token: string, votes: readonly Vote[]): number;
}

interface TaskRow {
  readonly name: string;
  readonly created: string;
  /** JudgingTask without its sets. */
  readonly about: string;
  readonly digest: string;
}
type JudgedSet = JudgingTask['sets'][number];
type About = Omit<JudgingTask, 'sets'>;

/** Where an annotator's page is, as a path of the server. */
export const judgingPage = (token: string): string => `/judge/${token}`;

const FIRST_ANNOTATOR = 'Annotator 1';

export function createJudgingStore(database: Database): JudgingStore {
  const selectTask = database.prepare<[string], TaskRow>('SELECT name, created, about, digest FROM judging_tasks WHERE name = ?');
  const selectTasks = database.prepare<[], TaskRow & { sets: number }>(
    'SELECT name, created, about, digest, (SELECT count(*) FROM judging_sets WHERE task = name) AS sets FROM judging_tasks ORDER BY created DESC, rowid DESC',
  );
  const insertTask = database.prepare('INSERT INTO judging_tasks (name, created, about, digest) VALUES (?, ?, ?, ?)');
  const updateTask = database.prepare('UPDATE judging_tasks SET about = ? WHERE name = ?');
  const deleteTask = database.prepare('DELETE FROM judging_tasks WHERE name = ?');
  const insertSet = database.prepare('INSERT INTO judging_sets (task, number, body) VALUES (?, ?, ?)');
  const selectSets = database.prepare<[string], { body: string }>('SELECT body FROM judging_sets WHERE task = ? ORDER BY number');
  const selectSet = database.prepare<[string, number], { body: string }>('SELECT body FROM judging_sets WHERE task = ? AND number = ?');
  const insertAnnotator = database.prepare('INSERT OR IGNORE INTO judging_annotators (token, task, name, created) VALUES (?, ?, ?, ?)');
  const annotatorColumns =
    'token, name, created, withdrawn, (SELECT count(*) FROM judging_counting WHERE annotator = token AND choice IS NOT NULL) AS judged';
  const selectAnnotators = database.prepare<[string], Annotator>(
    `SELECT ${annotatorColumns} FROM judging_annotators WHERE task = ? ORDER BY rowid`,
  );
  const selectAnnotator = database.prepare<[string], Annotator & { task: string }>(
    `SELECT ${annotatorColumns}, task FROM judging_annotators WHERE token = ? AND withdrawn IS NULL`,
  );
  const withdraw = database.prepare('UPDATE judging_annotators SET withdrawn = coalesce(withdrawn, ?) WHERE task = ? AND token = ?');
  const insertVote = database.prepare('INSERT OR IGNORE INTO judging_votes (id, annotator, number, choice, time) VALUES (?, ?, ?, ?, ?)');
  const countVotes = database.prepare<[string], { votes: number; last: number | null }>(
    'SELECT count(*) AS votes, max(seq) AS last FROM judging_votes JOIN judging_annotators ON annotator = token WHERE task = ?',
  );
  const selectVotes = database.prepare<[string], { number: number; name: string; choice: string }>(
    `SELECT number, name, choice FROM judging_counting JOIN judging_annotators ON annotator = token
     WHERE task = ? AND choice IS NOT NULL ORDER BY number, judging_annotators.rowid`,
  );
  const selectVotesOf = database.prepare<[string], { number: number; choice: string }>(
    'SELECT number, choice FROM judging_counting WHERE annotator = ? AND choice IS NOT NULL',
  );

  const taskOf = (name: string): TaskRow => {
    const row = selectTask.get(name);
    if (!row) throw err.NO_SUCH('judging task', name);
    return row;
  };
  const annotatorOf = (token: string) => {
    const row = selectAnnotator.get(token);
    if (!row) throw err.NO_SUCH('judging link', 'of this address');
    return { ...row, about: JSON.parse(taskOf(row.task).about) as About };
  };
  const setOf = (task: string, set: number): JudgedSet => {
    const row = selectSet.get(task, set);
    if (!row) throw err.NO_SUCH('set of this judging task', String(set));
    return JSON.parse(row.body) as JudgedSet;
  };
  const addAnnotator = (task: string, name: string): string | null => {
    const token = randomBytes(16).toString('base64url');
    return insertAnnotator.run(token, task, name, now()).changes === 1 ? token : null;
  };

  return {
    publish: database.transaction((task: JudgingTask) => {
      const { sets, ...about } = task;
      const digest = digestOf(sets.map(({ key, caption, labels, images }) => [key, caption, labels, images.map(({ asset }) => asset.id)]));
      const before = selectTask.get(task.name);
      if (before?.digest === digest) {
        // The seed stays that of the first time: pages that are open count pictures by the places that it gave them.
        const { seed } = JSON.parse(before.about) as About;
        updateTask.run(JSON.stringify({ ...about, seed }), task.name);
        const first = selectAnnotators.all(task.name)[0];
        return !first || first.withdrawn !== null ? null : first.token;
      }
      if (before) {
        const { votes } = countVotes.get(task.name)!;
        if (votes > 0) throw engineErr.JUDGING_CHANGED(task.name, votes);
        deleteTask.run(task.name);
      }
      insertTask.run(task.name, now(), JSON.stringify(about), digest);
      sets.forEach((set, number) => insertSet.run(task.name, number, JSON.stringify(set)));
      return addAnnotator(task.name, FIRST_ANNOTATOR);
    }).immediate,
    read: database.transaction((name: string): Judgements => {
      const row = selectTask.get(name);
      if (!row)
        throw engineErr.MISSING_JUDGING(
          name,
          selectTasks.all().map((task) => task.name),
        );
      const votes = Map.groupBy(selectVotes.all(name), ({ number }) => number);
      return {
        name,
        labels: (JSON.parse(row.about) as About).labels,
        sets: selectSets.all(name).map(({ body }, number) => ({
          ...(JSON.parse(body) as JudgedSet),
          votes: (votes.get(number) ?? []).map((vote) => ({ annotator: vote.name, choice: JSON.parse(vote.choice) as Choice })),
        })),
      };
    }),
    digest(name) {
      const row = selectTask.get(name);
      if (!row) return 'nothing';
      const { votes, last } = countVotes.get(name)!;
      return `judging:${digestOf([row.digest, row.about, votes, last])}`;
    },
    list: () =>
      selectTasks.all().map(({ name, created, about, sets }) => {
        const { question, labels } = JSON.parse(about) as About;
        return { name, created, question, labels, sets, annotators: selectAnnotators.all(name) };
      }),
    remove(name) {
      if (deleteTask.run(name).changes === 0) throw err.NO_SUCH('judging task', name);
    },
    addAnnotator(task, name) {
      taskOf(task);
      const token = addAnnotator(task, name);
      if (token === null) throw err.BAD_REQUEST('name', 'one that no annotator of this task has', JSON.stringify(name));
      const { task: _, ...annotator } = selectAnnotator.get(token)!;
      return annotator;
    },
    withdraw(task, token) {
      if (withdraw.run(now(), task, token).changes === 0) throw err.NO_SUCH('annotator', `of this link to ${task}`);
    },
    blindTask: database.transaction((token: string): BlindTask => {
      const { task, name, about } = annotatorOf(token);
      const sets = selectSets.all(task).map(({ body }) => JSON.parse(body) as JudgedSet);
      const votes = new Map(selectVotesOf.all(token).map(({ number, choice }) => [number, JSON.parse(choice) as Choice]));
      return {
        question: about.question,
        annotator: name,
        sets: setsInOrder(about.seed, token, sets.length).map((number) => {
          const { caption, images } = sets[number]!;
          const choice = votes.get(number) ?? null;
          const places = placesFor(about.seed, token, number, images.length);
          return {
            set: number,
            caption: about.showCaptions ? caption : '',
            pictures: images.length,
            choice: typeof choice === 'number' ? places.indexOf(choice) : choice,
          };
        }),
      };
    }),
    pictureOf(token, set, shown) {
      const { task, about } = annotatorOf(token);
      const { images } = setOf(task, set);
      const place = placesFor(about.seed, token, set, images.length)[shown];
      if (place === undefined) throw err.NO_SUCH('picture of this set', String(shown));
      return images[place]!.asset.id;
    },
    vote: database.transaction((token: string, votes: readonly Vote[]): number => {
      const { task, about } = annotatorOf(token);
      for (const { id, set, choice } of votes) {
        const { images } = setOf(task, set);
        const place = typeof choice === 'number' ? placesFor(about.seed, token, set, images.length)[choice] : choice;
        if (place === undefined) throw err.BAD_REQUEST(`choice of vote ${id}`, `a picture from 0 to ${images.length - 1}`, String(choice));
        insertVote.run(id, token, set, place === null ? null : JSON.stringify(place), now());
      }
      return selectAnnotator.get(token)!.judged;
    }).immediate,
  };
}
const digestOf = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex');
const now = () => new Date().toISOString();
