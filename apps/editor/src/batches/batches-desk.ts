// What the editor does with batches: puts one together and begins it, follows those of the server, steers the one that is shown.
import {
  assetName,
  definitionsOf,
  isWidget,
  withSubgraphs,
  type BatchActivity,
  type BatchDetails,
  type BatchSummary,
  type PortType,
} from '@facewright/core';
import { api, RequestRefused } from '../api/http.ts';
import { label } from '../canvas/label.ts';
import type { Editor } from '../editor.ts';
import { waitingRuns } from '../state/queue-state.ts';
import { isOverSomething, newDraft, requestOf, type BatchDraft } from './batch-draft.ts';
import { BatchRows } from './batch-rows.ts';

const CHECK_MS = 300;
/** How often rows that are looked at are asked for again while a batch is at work. */
const ROWS_MS = 1000;
const SHOWN = 'facewright.batch';
const dataFile = /\.(csv|tsv|txt|jsonl|ndjson)$/i;

export const isDataFile = (name: string): boolean => dataFile.test(name);
export const isAtWork = ({ status }: BatchSummary): boolean => status === 'queued' || status === 'running';

/** An input that a column or the matrix may set. */
export interface TargetChoice {
  readonly target: string;
  readonly node: string;
  readonly label: string;
  readonly type: PortType;
  readonly linked: boolean;
}
export interface ShownBatch {
  readonly id: string;
  /** Null until the server has answered. */
  readonly details: BatchDetails | null;
  readonly rows: BatchRows;
  readonly failedOnly: boolean;
}

export class BatchesDesk {
  readonly #editor: Editor;
  draft: BatchDraft | null = null;
  /** Newest first. */
  list: readonly BatchSummary[] = [];
  shown: ShownBatch | null = null;
  activity: Readonly<Record<string, BatchActivity>> = {};
  /** An act on the shown batch is on its way. */
  acting = false;
  #checkTimer: ReturnType<typeof setTimeout> | undefined;
  #rowsTimer: ReturnType<typeof setTimeout> | undefined;
  #checks = 0;

  constructor(editor: Editor) {
    this.#editor = editor;
  }
  get summary(): BatchSummary | null {
    return this.list.find(({ id }) => id === this.shown?.id) ?? null;
  }
  #changed = (): void => this.#editor.update({});

  // Putting one together
  open(files: readonly File[] = []): void {
    this.draft = newDraft(this.#editor.canvas.read());
    this.#editor.openDialog({ kind: 'batch' });
    if (files.length > 0) void this.take(files);
    else this.#checkSoon(0);
  }
  set(change: Partial<BatchDraft>): void {
    if (!this.draft) return;
    this.draft = { ...this.draft, ...change };
    this.#changed();
    this.#checkSoon(CHECK_MS);
  }
  /** Inputs of the graph by node, in the order of the document. */
  choices(): readonly TargetChoice[] {
    if (!this.draft) return [];
    const { graph } = this.draft;
    const { catalogue } = this.#editor.state;
    const definitions = withSubgraphs(graph, definitionsOf([...catalogue.values()]));
    const linked = new Set(graph.links.map(({ to }) => to.join('.')));
    return Object.entries(graph.nodes).flatMap(([id, { type, title }]) => {
      const definition = definitions.get(type)?.definition;
      return Object.entries(definition?.inputs ?? {}).flatMap(([input, port]): TargetChoice[] =>
        isWidget(port.type)
          ? [
              {
                target: `${id}.${input}`,
                node: title ?? definition?.title ?? id,
                label: label(input),
                type: port.type,
                linked: linked.has(`${id}.${input}`),
              },
            ]
          : [],
      );
    });
  }
  /** One file of rows, or pictures, which are a row each. */
  async take(files: readonly File[]): Promise<void> {
    const table = files.find(({ name }) => isDataFile(name));
    const pictures = files
      .filter(({ type }) => type.startsWith('image/'))
      .sort((a, b) => (a.webkitRelativePath || a.name).localeCompare(b.webkitRelativePath || b.name, 'en', { numeric: true }));
    if (!table && pictures.length === 0) return this.set({ problem: 'Rows come from a .csv, .tsv or .jsonl file, or from pictures.' });
    try {
      if (table) {
        this.set({ uploading: [0, 1], problem: '' });
        const asset = await api.upload(new Blob([table], { type: 'application/octet-stream' }));
        return this.set({ data: { asset: asset.id, name: table.name }, dataName: table.name, map: {}, uploading: null });
      }
      const rows = [];
      for (const [i, file] of pictures.entries()) {
        this.set({ uploading: [i, pictures.length], problem: '' });
        rows.push({ file: assetName(await api.upload(file)), name: file.name.replace(/\.\w+$/, '') });
      }
      this.set({ data: { rows }, dataName: `${pictures.length} pictures`, map: {}, uploading: null });
    } catch (error) {
      this.set({ uploading: null, problem: messageOf(error) });
    }
  }
  usePath(path: string): void {
    this.set(path.trim() === '' ? { data: null, dataName: '' } : { data: { path: path.trim() }, dataName: path.trim(), map: {} });
  }
  checkAgain(): void {
    this.#checkSoon(0);
  }
  #checkSoon(ms: number): void {
    clearTimeout(this.#checkTimer);
    if (this.draft?.uploading) return;
    this.#checkTimer = setTimeout(() => void this.#check(), ms);
  }
  async #check(): Promise<void> {
    if (!this.draft) return;
    const mine = ++this.#checks;
    const show = (change: Partial<BatchDraft>): void => {
      if (mine !== this.#checks || !this.draft) return;
      this.draft = { ...this.draft, ...change };
      this.#changed();
    };
    show({ checking: true });
    try {
      show({ check: await api.checkBatch(requestOf(this.draft)), checking: false, problem: '' });
    } catch (error) {
      show({ checking: false, problem: messageOf(error) });
    }
  }
  async start(): Promise<void> {
    const { draft } = this;
    if (!draft || draft.starting || !isOverSomething(draft)) return;
    this.draft = { ...draft, starting: true };
    this.#changed();
    try {
      const batch = await api.startBatch(requestOf(draft), draft.key);
      this.#editor.closeDialog();
      this.takeIn(batch);
      this.show(batch.id);
      this.#editor.toast('good', `${batch.count} rows are queued. They go on when this page is closed.`);
    } catch (error) {
      if (this.draft) this.draft = { ...this.draft, starting: false, problem: messageOf(error) };
      this.#changed();
      if (error instanceof RequestRefused && error.status === 422) this.#checkSoon(0);
    }
  }

  // Following
  /** All that the server has, e.g. after a connection was lost. */
  async refresh(): Promise<void> {
    try {
      this.list = await api.batches();
    } catch {
      return;
    }
    // What it was at before is over.
    this.activity = {};
    const last = this.shown?.id ?? localStorage.getItem(SHOWN);
    const { id } = this.list.find((batch) => batch.id === last) ?? this.list.find(isAtWork) ?? this.list[0] ?? {};
    if (id === undefined) this.shown = null;
    else this.#attach(id);
    this.#changed();
  }
  changes({ batches, removed }: { readonly batches: readonly BatchSummary[]; readonly removed: readonly string[] }): void {
    for (const batch of batches) this.takeIn(batch);
    if (removed.length > 0) {
      this.list = this.list.filter(({ id }) => !removed.includes(id));
      if (this.shown && removed.includes(this.shown.id)) this.shown = null;
    }
    this.#changed();
  }
  /** Takes in how a batch is now. */
  takeIn(batch: BatchSummary): void {
    const before = this.list.find(({ id }) => id === batch.id);
    this.list = before ? this.list.map((one) => (one.id === batch.id ? batch : one)) : [batch, ...this.list];
    if (before && isAtWork(before) && !isAtWork(batch)) this.#announce(batch);
    if (!isAtWork(batch)) {
      const { [batch.id]: _, ...rest } = this.activity;
      this.activity = rest;
    }
    if (this.shown?.id !== batch.id || (before?.lastRecorded === batch.lastRecorded && before.lastSeq === batch.lastSeq)) return;
    // Rows at work would otherwise be asked for with every one that ends.
    this.#rowsTimer ??= setTimeout(() => {
      this.#rowsTimer = undefined;
      this.shown?.rows.refresh();
      this.#changed();
    }, ROWS_MS);
  }
  acts(activity: Readonly<Record<string, BatchActivity>>): void {
    this.activity = { ...this.activity, ...activity };
    this.#changed();
  }
  #announce({ name, status, done, failed }: BatchSummary): void {
    const failures = failed > 0 ? `, ${failed} failed` : '';
    if (status === 'finished')
      this.#editor.toast(failed > 0 ? 'info' : 'good', `Batch “${name}” has finished: ${done} rows done${failures}.`);
    if (status === 'stopped') this.#editor.toast('bad', `Batch “${name}” was stopped: ${failed} rows failed.`);
  }

  // The one that is shown
  show(id: string): void {
    this.#attach(id);
    this.#editor.showTab('batches');
  }
  #attach(id: string): void {
    localStorage.setItem(SHOWN, id);
    if (this.shown?.id === id) this.shown.rows.refresh();
    else this.shown = { id, details: null, rows: new BatchRows(id, this.#changed), failedOnly: false };
    void this.#details(id);
  }
  async #details(id: string): Promise<void> {
    try {
      const details = await api.batch(id);
      if (this.shown?.id === id) this.shown = { ...this.shown, details };
      this.#changed();
    } catch {
      // It was deleted meanwhile, or the server is away: what is known stays.
    }
  }
  filter(failedOnly: boolean): void {
    if (this.shown) this.shown = { ...this.shown, failedOnly };
    this.#changed();
  }
  async act(id: string, how: 'pause' | 'continue' | 'retry-failed'): Promise<void> {
    if (!this.acting) await this.#acting(async () => this.takeIn(await api.steerBatch(id, how)));
  }
  async cancel({ id, name }: BatchSummary): Promise<void> {
    if (this.acting || !window.confirm(`Cancel the batch “${name}”? What was run is kept.`)) return;
    await this.#acting(async () => this.takeIn(await api.steerBatch(id, 'cancel')));
  }
  /** Before all that wait, runs among them. */
  async first(batch: BatchSummary): Promise<void> {
    const waiting = [...waitingRuns(this.#editor.state.queue), ...this.list.filter(isAtWork)];
    const priority = Math.max(batch.priority, ...waiting.map((one) => one.priority));
    if (!this.acting) await this.#acting(async () => this.takeIn(await api.moveBatch(batch.id, { priority, front: true })));
  }
  async append(file: File): Promise<void> {
    const { shown } = this;
    if (!shown || this.acting) return;
    await this.#acting(async () => {
      const asset = await api.upload(new Blob([file], { type: 'application/octet-stream' }));
      const before = this.summary?.count ?? 0;
      const batch = await api.appendRows(shown.id, { asset: asset.id, name: file.name });
      this.takeIn(batch);
      this.#editor.toast('good', `${batch.count - before} rows were added.`);
    });
  }
  async remove(): Promise<void> {
    const { shown } = this;
    if (shown) await this.#acting(() => api.removeBatch(shown.id));
  }
  async openRow(row: number): Promise<void> {
    const { shown } = this;
    if (!shown) return;
    await this.#acting(async () => {
      const { graph } = await api.batchRow(shown.id, row);
      this.#editor.openGraph(graph);
      this.#editor.toast('info', `The graph of row ${row}, with its values. Undo brings yours back.`);
    });
  }
  async #acting(work: () => Promise<unknown>): Promise<void> {
    this.acting = true;
    this.#changed();
    try {
      await work();
    } catch (error) {
      this.#editor.toast('bad', messageOf(error));
    }
    this.acting = false;
    this.#changed();
  }
}
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
