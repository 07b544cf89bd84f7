// Coded errors of the server: requests, the data folder, the worker.
import { defineErrors, listed } from '@facewright/tensor';

export const err = defineErrors('SERVER', {
  NO_SUCH: (what: string, name: string) => `${what} ${name}: expected one that exists, got none`,
  NO_ROUTE: (method: string, path: string) => `${method} ${path}: expected a path of /api/v1/openapi.json, got an unknown one`,
  BAD_JSON: (why: string) => `body: expected JSON, got text that is not (${why})`,
  BAD_REQUEST: (subject: string, want: string, got: string) => `${subject}: expected ${want}, got ${got}`,
  BAD_NAME: (name: string) =>
    `graph name: expected letters, digits, spaces, dots, - and _, at most 80, starting with a letter or digit, got ${name}`,
  TOO_LARGE: (limit: string) => `body: expected at most ${limit}, got more`,
  PATH: (path: string) =>
    `path ${path.slice(0, 200)}: expected one in the models folders, in what runs have written, or in a folder given with --allow-path, got another`,
  TOO_DEEP: () => 'body: expected JSON of at most 100 lists and objects within each other, got more',
  TOO_MANY: (what: string, perMinute: number) => `${what}: expected at most ${perMinute} a minute from one client, got more; wait a minute`,
  TOKEN_NEEDED: () => 'request: expected a token of this server or a session, got none that is valid',
  BAD_TOKEN: () => 'token: expected one that this server gave and that has neither expired nor been revoked, got another',
  SCOPE: (name: string, want: string, got: string) =>
    `token ${name}: expected one with the right to ${want}, got one with the right to ${got}`,
  NO_TOKENS: (host: string) =>
    `address ${host}: expected at least one token, since others can reach it, got none; make one first with: facewright token create NAME --scope admin`,
  FOREIGN: (header: string, got: string) => `${header}: expected this server's own address or a name given with --allow-host, got ${got}`,
  NO_LOCK: (run: string, got: string) => `lock of run ${run}: expected a run that succeeded and still runs, got ${got}`,
  NOT_AT_WORK: (run: string, status: string) => `run ${run}: expected one at work, got one that is ${status}`,
  NOT_WAITING: (run: string, status: string) => `run ${run}: expected one that waits in the queue, got one that is ${status}`,
  NOT_ENDED: (run: string, status: string) => `run ${run}: expected one that has ended, got one that is ${status}`,
  KEY_TAKEN: (key: string, made: string) => `key ${key}: expected what was sent with it before, got something else; that made ${made}`,
  CANNOT_STOP: (run: string, node: string) =>
    `run ${run}: expected a node at work that can give what it has, such as a trainer, got ${node}; cancel the run instead, finished nodes are kept`,
  INTERNAL: (why: string) => `server: expected to answer, got ${why}`,
  DISK_FULL: (path: string) => `disk of ${path}: expected room to write, got a full disk; nothing stored before is lost`,
  WRITE_FAILED: (path: string, why: string) => `file ${path}: expected to write it, got ${why}`,
  DATA_FOLDER: (path: string, why: string) => `data folder ${path}: expected a folder to keep data in, got ${why}`,
  DATA_NEWER: (path: string, known: number, got: number) =>
    `database ${path}: expected version ${known} or an earlier one, got version ${got} of a newer Facewright; update Facewright, or choose another folder with --data`,
  DATABASE_DAMAGED: (path: string, why: string) =>
    `database ${path}: expected one that can be read, got ${why}; facewright doctor --repair takes out of it what can be read, and keeps the old file`,
  DATA_IN_USE: (path: string, pid: string) =>
    `data folder ${path}: expected no other server on it, got the one with process id ${pid}; stop it, or choose another folder with --data`,
  BACKUP_PLACE: (path: string, got: string) => `backup ${path}: expected an empty folder or one with an earlier backup, got ${got}`,
  BACKUP_DAMAGED: (path: string, wrong: readonly string[]) =>
    `backup ${path}: expected every file as it was written, got ${wrong.slice(0, 10).join(', ')}${wrong.length > 10 ? ` and ${wrong.length - 10} more` : ''}`,
  RESTORE_PLACE: (path: string) =>
    `data folder ${path}: expected none or an empty one to restore into, got one with files; --replace moves it aside`,
  BACKUP_AT_WORK: () =>
    'storage: expected no backup to be at work, got one; nothing is removed while it copies, try again when it has ended',
  PORT_IN_USE: (host: string, port: number) =>
    `port ${port} on ${host}: expected it to be free, got one in use; choose another with --port`,
  LISTEN: (host: string, port: number, why: string) => `address ${host}:${port}: expected to listen on it, got ${why}`,
  NO_ROOM: (path: string, want: number, got: number) => `disk of ${path}: expected at least ${want} MB of room, got ${got} MB`,
  NOT_READY: (got: string) => `worker: expected one that takes runs, got ${got}`,
  WORKER_LOST: (how: string, held: string) =>
    `worker: expected it to finish the run, got ${how}${held}; the run goes on from its finished nodes and what was saved of unfinished work`,
  WORKER_MEMORY: (how: string, held: string) =>
    `worker: expected what it does to fit into memory, got ${how}${held}; lower the batch or the size of pictures, give open models less with --memory, or close other programs`,
  WORKER_HANGS: (time: string) =>
    `worker: expected it to come back from a call, got none for ${time}, so it was ended; if one step may take that long, raise --hang-after`,
  WORKER_SILENT: (time: string, held: string) =>
    `worker: expected a sign of life each second, got none for ${time}${held}, so it was ended; it was stopped from outside, or the machine has no memory left to run it in`,
  WORKER_START: (how: string) => `worker: expected it to start, got ${how}`,
  STOPPED: () =>
    'server: expected to run until the end of the run, got ended before; the run goes on from its finished nodes and what was saved of unfinished work',
  GIVEN_UP: (attempts: number, last: string) =>
    `run: expected it to get further in one of ${attempts} attempts, got an interruption each time, the last time this one: ${last}. Retry it when the cause is gone: finished nodes are stored`,
  // Batches.
  BATCH_DATA: (name: string, want: string, got: string) => `data ${name}: expected ${want}, got ${got}`,
  BATCH_COLUMN: (name: string, known: readonly string[], nearest?: string) =>
    `column: expected one of ${listed(known, 20) || 'data with columns'}, got ${name}${nearest === undefined ? '' : ` (did you mean ${nearest}?)`}`,
  BATCH_TARGET: (text: string) => `input: expected NODE.INPUT, got ${text}`,
  BATCH_TITLE: (title: string, ids: readonly string[]) =>
    `node: expected an id, or a title that only one node has, got ${title}, which ${ids.join(' and ')} have`,
  BATCH_LINK_ONLY: (kind: string) => `expected an input that takes a typed value, got one that takes ${kind} by a link`,
  BATCH_TWICE: (target: string, sources: readonly string[]) => `${target}: expected one source of values, got ${sources.join(' and ')}`,
  BATCH_MATRIX: (target: string, want: string, got: string) => `matrix ${target}: expected ${want}, got ${got}`,
  BATCH_TOO_MANY: (count: string) => `batch: expected at most ${Number.MAX_SAFE_INTEGER} rows, got ${count}`,
  BATCH_CELL: (want: string, got: string) => `expected ${want}, got ${got}`,
  BATCH_ROW_LOST: (times: number, last: string) =>
    `row: expected its worker to survive it, got one that ended ${times} times, the last time with: ${last}`,
  BATCH_STATE: (id: string, want: string, status: string) => `batch ${id}: expected one that is ${want}, got one that is ${status}`,
});
