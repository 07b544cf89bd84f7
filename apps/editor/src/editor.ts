// The editor: one state, what a person can do to it, and the canvas and the server that it talks to.
import { BatchesDesk } from './batches/batches-desk.ts';
import { JudgingDesk } from './judging/judging-desk.ts';
import {
  durationText,
  assetIdOf,
  assetName,
  graphOfPicture,
  graphSchema,
  isPng,
  nodeInside,
  parseGraphText,
  type Graph,
  type ModelFolder,
  type PortDescription,
  type RunEvent,
} from '@facewright/core';
import { api, RequestRefused, type ModelListing, type RunRequest } from './api/http.ts';
import { connectLive, type Live } from './api/live.ts';
import { GraphCanvas, type CanvasPoint, type LooseEnd } from './canvas/graph-canvas.ts';
import { parseField } from './fields/field-values.ts';
import { whoAmI } from './login/session.ts';
import { MaskPainter, maskFromPicture } from './mask/mask-painter.ts';
import { QueueDesk } from './queue/queue-desk.ts';
import { autosave, autosaved } from './state/autosave.ts';
import {
  describeRunNode,
  firstState,
  isBusy,
  runNodeTitle,
  type Dialog,
  type DockTab,
  type EditorState,
  type Hint,
  type Toast,
  stoppableNode,
} from './state/editor-state.ts';
import { withoutNode } from './state/format.ts';
import { History } from './state/history.ts';
import { looksOf, skippedIn } from './state/looks.ts';
import { takeChange } from './state/queue-state.ts';
import { reportsOf } from './state/results.ts';
import { isOver, newRun, takeEvents } from './state/run-state.ts';

/** What a new visitor sees: the whole loop. */
const FIRST_TEMPLATE = 'face-quality-loop';
const RECORD_MS = 250;
const VALIDATE_MS = 400;
const HINT_MS = 450;
/** A long text takes longer to read. */
const toastMs = (text: string): number => 5000 + 30 * text.length;
/** A list of models this young is not asked for again, ms. */
const LISTING_MS = 3000;
const LAST_RUN = 'facewright.run';
const MORE = 'facewright.more';
/** Node types with unfolded settings, as the browser keeps them. */
function keptMore(): ReadonlySet<string> {
  try {
    return new Set(JSON.parse(localStorage.getItem(MORE) ?? '[]') as string[]);
  } catch {
    return new Set();
  }
}
const emptyGraph: Graph = { facewright: 1, name: 'Untitled', description: '', nodes: {}, links: [], groups: [] };

export class Editor {
  state: EditorState = firstState;
  readonly canvas: GraphCanvas;
  readonly judging = new JudgingDesk(this);
  readonly queue = new QueueDesk(this);
  readonly batches = new BatchesDesk(this);
  readonly #render: (editor: Editor) => void;
  readonly #live: Live;
  readonly #history = new History();
  #clipboard: Graph | null = null;
  /** Graphs of the runs that were queued here and not shown yet, by run. */
  readonly #mine = new Map<string, Graph>();
  /** The last submission when no answer came to it. */
  #unanswered: { readonly asked: string; readonly key: string } | null = null;
  #rendering = false;
  #recordTimer: ReturnType<typeof setTimeout> | undefined;
  #validateTimer: ReturnType<typeof setTimeout> | undefined;
  #hintTimer: ReturnType<typeof setTimeout> | undefined;
  #looked: readonly unknown[] = [];
  #nextToast = 1;
  readonly #listings = new Map<ModelFolder, { readonly at: number; readonly listing: ModelListing }>();
  /** What had the focus before the picker. */
  #pickerBack: Element | null = null;

  constructor(canvas: HTMLCanvasElement, render: (editor: Editor) => void) {
    this.#render = render;
    this.canvas = new GraphCanvas(canvas, {
      changed: () => this.#changed(),
      selected: (selection) => this.update({ selection }),
      refused: (reason) => this.toast('bad', reason),
      hint: (hint) => this.#showHint(hint),
      search: (at, from) => this.openSearch(at, from),
      menu: (at, node) => {
        if (node && !this.state.selection.includes(node)) this.canvas.select([node]);
        this.update({ menu: { at, node } });
      },
      editField: (node, port, box) => {
        if (port.type.kind === 'path' && port.type.models) this.openPicker(node, port, box);
        else if (port.type.kind === 'text' && port.type.maskOf !== undefined) void this.paintMask(node, port.name, port.type.maskOf);
        else this.update({ editing: { node, port, box, problem: '' } });
      },
      rename: (node, box) => this.update({ renaming: { node, box } }),
      navigated: () => this.#navigated(),
      moved: () => {
        if (this.state.editing || this.state.picker || this.state.renaming || this.state.menu || this.state.hint)
          this.update({ editing: null, picker: null, renaming: null, menu: null, hint: null });
      },
    });
    this.#live = connectLive({
      events: (events) => this.#takeEvents(events),
      restarted: (id) => {
        const { run } = this.state;
        if (run?.id === id) this.update({ run: newRun(id, run.name) });
      },
      queue: (change) => {
        this.update({ queue: takeChange(this.state.queue, change) });
        this.queue.changed();
        this.#followMine();
      },
      batches: (change) => this.batches.changes(change),
      batchActivity: (activity) => this.batches.acts(activity),
      connection: (connection) => {
        const back = connection === 'online' && this.state.connection === 'lost';
        this.update({ connection });
        if (back) this.#isBack();
      },
      refused: (message) => this.toast('bad', message),
    });
  }

  update(change: Partial<EditorState>): void {
    this.state = { ...this.state, ...change };
    if (this.#rendering) return;
    this.#rendering = true;
    // Not requestAnimationFrame: a page in the background still has to take in events.
    queueMicrotask(() => {
      this.#rendering = false;
      this.#render(this);
      this.#look();
    });
  }
  #look(): void {
    const { run, problems, showProblems, runGraph, catalogue, path, skipped } = this.state;
    const seen = [run, problems, showProblems, runGraph, catalogue, path, skipped];
    if (seen.every((part, i) => part === this.#looked[i])) return;
    this.#looked = seen;
    this.canvas.setLooks(looksOf(this.state));
  }

  #navigated(): void {
    const { path, trail, shown } = this.canvas;
    this.update({
      path,
      trail,
      shown: shown?.id ?? null,
      selection: [],
      editing: null,
      picker: null,
      renaming: null,
      menu: null,
      hint: null,
    });
  }

  async start(): Promise<void> {
    const kept = autosaved();
    this.update({ more: keptMore() });
    await this.#refresh();
    if (kept) this.#show(kept.graph, kept.savedAs);
    else if (!(await this.openTemplate(FIRST_TEMPLATE, true))) this.#show(emptyGraph, null);
    const last = localStorage.getItem(LAST_RUN);
    if (kept && last) await this.#attach(last, false);
    this.update({ ready: true });
  }
  /** Asks again for what could not be asked while the server was away. */
  #isBack(): void {
    void this.#refresh();
    this.#validateSoon();
    const { dialog } = this.state;
    if (dialog?.kind === 'templates' || dialog?.kind === 'open') this.openDialog(dialog);
    else if (dialog?.kind === 'batch') this.batches.checkAgain();
  }
  async #refresh(): Promise<void> {
    void this.batches.refresh();
    await this.#try(async () => {
      const nodes = await api.nodes();
      const { session } = await whoAmI();
      const catalogue = new Map(nodes.map((node) => [node.type as string, node]));
      const first = this.state.catalogue.size === 0;
      this.canvas.catalogue = catalogue;
      this.update({ catalogue, session });
      if (first && this.state.nodeCount > 0) this.canvas.open(this.canvas.read(), { keepView: true, path: this.state.path });
    });
  }

  // Documents
  #show(graph: Graph, savedAs: string | null, spread = false): void {
    this.canvas.open(graph, { spread });
    const shown = this.canvas.read();
    this.#history.restart(shown);
    this.update({
      skipped: skippedIn(shown, this.state.catalogue),
      graphName: graph.name,
      savedAs,
      unsaved: false,
      selection: [],
      nodeCount: Object.keys(graph.nodes).length,
      canUndo: false,
      canRedo: false,
      showProblems: false,
      editing: null,
      picker: null,
      search: null,
    });
    autosave(shown, savedAs);
    this.#validateSoon();
  }
  /** Replaces the graph by another as a step that can be undone. */
  #replace(graph: Graph, savedAs: string | null, spread = false): void {
    this.#record();
    this.canvas.open(graph, { spread });
    this.update({ savedAs, run: null, runGraph: null, showProblems: false });
    this.#live.unwatch();
    localStorage.removeItem(LAST_RUN);
    this.#record();
    this.update({ unsaved: false });
  }
  /** Shows a graph in place of the one there is. */
  openGraph(graph: Graph): void {
    this.#replace(graph, null);
  }
  #changed(): void {
    clearTimeout(this.#recordTimer);
    this.#recordTimer = setTimeout(() => this.#record(), RECORD_MS);
    // Fields of the inspector follow at once.
    this.update({});
  }
  #record(): void {
    clearTimeout(this.#recordTimer);
    const graph = this.canvas.read();
    if (!this.#history.record(graph)) return;
    this.#documentChanged(graph);
  }
  #documentChanged(graph: Graph): void {
    autosave(graph, this.state.savedAs);
    this.update({
      trail: this.canvas.trail,
      skipped: skippedIn(graph, this.state.catalogue),
      graphName: graph.name,
      unsaved: true,
      nodeCount: Object.keys(graph.nodes).length,
      canUndo: this.#history.canUndo,
      canRedo: this.#history.canRedo,
    });
    this.#validateSoon();
  }
  undo(): void {
    this.#record();
    this.#restore(this.#history.undo());
  }
  redo(): void {
    this.#restore(this.#history.redo());
  }
  #restore(graph: Graph | undefined): void {
    if (!graph) return;
    const { selection } = this.state;
    this.canvas.open(graph, { keepView: true, path: this.state.path });
    this.canvas.select(selection.filter((id) => this.canvas.node(id)));
    this.#documentChanged(graph);
  }
  newGraph(): void {
    this.#replace(emptyGraph, null);
  }
  renameGraph(name: string): void {
    this.canvas.rename({ name: name.trim() || 'Untitled' });
  }
  async openTemplate(name: string, first = false): Promise<boolean> {
    return this.#try(async () => {
      const graph = graphSchema.parse(await api.template(name));
      if (first) this.#show(graph, null, true);
      else this.#replace(graph, null, true);
      this.closeDialog();
    });
  }
  async openSaved(name: string): Promise<void> {
    await this.#try(async () => {
      this.#replace(graphSchema.parse(await api.graph(name)), name);
      this.closeDialog();
    });
  }
  async deleteSaved(name: string): Promise<void> {
    await this.#try(async () => {
      await api.deleteGraph(name);
      this.update({ dialog: { kind: 'open', graphs: await api.graphs() }, ...(this.state.savedAs === name && { savedAs: null }) });
    });
  }
  save(): void {
    if (this.state.savedAs === null) this.update({ dialog: { kind: 'save', name: this.state.graphName } });
    else void this.saveAs(this.state.savedAs);
  }
  async saveAs(name: string): Promise<void> {
    if (name.trim() === '') return;
    await this.#try(async () => {
      if (this.state.savedAs === null) this.canvas.rename({ name: name.trim() });
      this.#record();
      await api.saveGraph(name.trim(), this.canvas.read());
      this.update({ savedAs: name.trim(), unsaved: false, dialog: null });
      autosave(this.canvas.read(), name.trim());
      this.toast('good', `Saved “${name.trim()}”.`);
    });
  }
  download(): void {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([`${JSON.stringify(this.canvas.read(), null, 2)}\n`], { type: 'application/json' }));
    link.download = `${this.state.graphName.replace(/[^\w-]+/g, '-').toLowerCase()}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  }
  /** A graph file, or a picture that carries its graph. */
  async openFile(file: File): Promise<void> {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const picture = isPng(bytes) || file.type.startsWith('image/') ? graphOfPicture(bytes) : null;
    const { graph, problems } = picture ?? parseGraphText(new TextDecoder().decode(bytes));
    if (graph) {
      this.#replace(graph, null);
      this.closeDialog();
      if (picture) this.toast('good', `Graph of picture “${picture.key || file.name}”.`);
      return;
    }
    const why = problems.slice(0, 4).map(({ message }) => message);
    const what = picture
      ? [
          `${file.name} brings no graph.`,
          ...why,
          'To use it as a picture, drop it on a Load image node, or type its path there.',
          'A PNG saved or downloaded from Facewright brings its graph back; so does a graph file (.json).',
        ]
      : [`${file.name} is not a graph.`, ...why];
    this.toast('bad', what.join('\n'));
  }

  // Editing
  addNode(type: string, at: CanvasPoint | null, from: LooseEnd | null = null): void {
    this.canvas.add(type, at, from);
    this.update({ search: null });
    this.canvas.focusElement();
  }
  copy(): void {
    this.#clipboard = this.canvas.copySelected() ?? this.#clipboard;
  }
  cut(): void {
    this.copy();
    this.canvas.deleteSelected();
  }
  paste(at: CanvasPoint | null = null): void {
    if (this.#clipboard) this.canvas.paste(this.#clipboard, at);
  }
  duplicate(): void {
    const piece = this.canvas.copySelected();
    if (piece) this.canvas.paste(piece);
  }
  /** Takes a typed text; a bad one is refused with the reason. */
  setField(node: string, port: Pick<PortDescription, 'name' | 'type'>, text: string): string {
    const parsed = parseField(port.type, text);
    if ('problem' in parsed) return parsed.problem;
    this.canvas.setValue(node, port.name, parsed.value);
    return '';
  }
  setValue(node: string, port: string, value: unknown): void {
    this.canvas.setValue(node, port, value);
  }
  openSearch(at: CanvasPoint, from: LooseEnd | null): void {
    this.update({ search: { at, from, query: '', chosen: 0 }, menu: null, hint: null });
  }
  /** Shows what was listed last, and asks again when that was more than a few seconds ago. */
  openPicker(node: string, port: PortDescription, box: DOMRect): void {
    const folder = port.type.kind === 'path' ? port.type.models : undefined;
    if (!folder) return;
    const before = this.#listings.get(folder);
    this.#pickerBack = document.activeElement;
    this.update({ picker: { node, port, box, query: '', chosen: null, listing: before?.listing ?? null, problem: '' }, hint: null });
    if (before && Date.now() - before.at < LISTING_MS) return;
    const shown = (change: Partial<NonNullable<EditorState['picker']>>): void => {
      const { picker } = this.state;
      if (picker?.node === node && picker.port === port) this.update({ picker: { ...picker, ...change } });
    };
    api.models(folder).then(
      (listing) => {
        this.#listings.set(folder, { at: Date.now(), listing });
        shown({ listing, problem: '' });
      },
      (error: unknown) => shown({ problem: error instanceof Error ? error.message : String(error) }),
    );
  }
  closePicker(): void {
    this.update({ picker: null });
    if (this.#pickerBack instanceof HTMLElement && this.#pickerBack.isConnected) this.#pickerBack.focus();
    else this.canvas.focusElement();
  }
  /** Opens the painter for a mask over the picture that the path input `of` names. */
  async paintMask(node: string, port: string, of: string): Promise<void> {
    const view = this.canvas.node(node);
    const path = view?.values[of];
    if (!view || typeof path !== 'string' || view.linkedInputs.has(of)) {
      this.toast('info', 'Choose a picture first: type its path into the node, or drop the file on it.');
      return;
    }
    await this.#try(async () => {
      const bytes = await api.picture(path);
      const bitmap = await createImageBitmap(bytes);
      const { width, height } = bitmap;
      bitmap.close();
      const before = assetIdOf(String(view.values[port] ?? ''));
      // Without a painted mask, what is transparent is the mask. One that is lost is painted anew.
      const mask = before ? api.asset(before) : api.picture(path, 'mask');
      const base = await mask.then(maskFromPicture, () => null);
      const fits = base?.width === width && base.height === height;
      const painter = new MaskPainter({ url: URL.createObjectURL(bytes), width, height }, fits ? base : null, () => this.update({}));
      this.openDialog({ kind: 'mask', node, port, painter });
      if (base && !fits) this.toast('info', 'The mask before was of another size; this one begins empty.');
    });
  }
  /** Stores what was painted and writes its name into the node; an empty mask empties the field. */
  async useMask(): Promise<void> {
    const { dialog } = this.state;
    if (dialog?.kind !== 'mask' || dialog.painter.saving) return;
    const { node, port, painter } = dialog;
    painter.saving = true;
    this.update({});
    const saved = await this.#try(async () => {
      if (!painter.canUndo) return;
      this.canvas.setValue(node, port, painter.blank ? undefined : assetName(await api.upload(await painter.png())));
    });
    painter.saving = false;
    if (saved) this.#endDialog();
    else this.update({});
  }
  /** Stores a picture file and lets the node read it. */
  async dropPicture(file: File, node: string, port: string): Promise<void> {
    await this.#try(async () => {
      this.canvas.setValue(node, port, assetName(await api.upload(file)));
      this.canvas.select([node]);
      this.toast('good', `${file.name} is stored on the server and used by “${this.canvas.node(node)?.title ?? node}”.`);
    });
  }
  focusNode(id: string): void {
    this.canvas.focus(id);
  }

  // Runs
  /** What the selected nodes need, and they themselves. */
  async runSelected(): Promise<void> {
    const { path, selection } = this.state;
    const document = this.canvas.read();
    // Of a repeated subgraph, the last round.
    const way = path.map((step, i) => {
      const times = nodeInside(document, path.slice(0, i + 1).join(':'))?.repeat?.times;
      return times === undefined ? step : `${step}#${times}`;
    });
    if (selection.length > 0) await this.run({ targets: selection.map((id) => [...way, id].join(':')) });
    else this.toast('info', 'Select the nodes to run to.');
  }
  /** Queues the graph, before all others or behind them. The run is shown as soon as none is at work that is shown. */
  async run(how: RunRequest = {}): Promise<void> {
    if (this.state.starting) return;
    this.#record();
    const graph = this.canvas.read();
    if (!Object.keys(graph.nodes).length) {
      this.toast('info', 'The graph is empty: add nodes from the list on the left, or open a template.');
      return;
    }
    this.update({ starting: true });
    const asked = JSON.stringify([graph, how]);
    // Whether the server has what was never answered is not known: sent again, it is queued once.
    const { key } = this.#unanswered?.asked === asked ? this.#unanswered : { key: crypto.randomUUID() };
    this.#unanswered = null;
    try {
      const waits = isBusy({ ...this.state, starting: false });
      const run = await api.start(graph, how, key);
      this.update({ problems: [], showProblems: false, toasts: [] });
      if (waits) {
        this.#mine.set(run.id, graph);
        this.toast('info', how.front ? 'It runs next. See the Queue.' : 'It waits for its turn. See the Queue.');
        return;
      }
      if (this.state.queue.paused) this.toast('info', 'It waits, because the queue is paused. Let it go on in the Queue.');
      this.#watch(run.id, run.name, graph);
      const { tab } = this.state.dock;
      this.showTab(tab === 'problems' || tab === 'history' || tab === 'report' ? 'progress' : tab);
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      if (error.status === 0) this.#unanswered = { asked, key };
      if (error.status === 422) {
        this.update({ problems: error.problems, showProblems: true });
        this.showTab('problems');
        this.toast(
          'bad',
          error.problems.length === 1
            ? 'The graph has a problem; it was not run.'
            : `The graph has ${error.problems.length} problems; it was not run.`,
        );
      } else this.toast('bad', error.message);
    } finally {
      this.update({ starting: false });
    }
  }
  /** Shows what a run would do. */
  explain(): void {
    this.openDialog({ kind: 'plan', foretold: null });
    void this.#try(async () => {
      const foretold = await api.explain(this.canvas.read());
      if (this.state.dialog?.kind === 'plan') this.update({ dialog: { kind: 'plan', foretold } });
    }).then((answered) => !answered && this.state.dialog?.kind === 'plan' && this.closeDialog());
  }
  async cancel(): Promise<void> {
    const { run } = this.state;
    if (run && !isOver(run)) await this.#try(() => api.cancel(run.id));
  }
  async pauseOrContinue(): Promise<void> {
    const { run, pausing } = this.state;
    if (!run || pausing || run.stopping !== null || (run.status !== 'running' && run.status !== 'paused')) return;
    const pause = run.status === 'running';
    this.update({ pausing: pause });
    await this.#try(async () => {
      await api.steer(run.id, pause ? 'pause' : 'continue').catch((error: unknown) => {
        this.update({ pausing: false });
        throw error;
      });
    });
  }
  /** The node at work gives what it has, and the run goes on with that. */
  async stopNow(): Promise<void> {
    const { run } = this.state;
    if (run && stoppableNode(this.state) !== null) await this.#try(() => api.steer(run.id, 'stop'));
  }
  /** Shows the next of the runs that were queued here, once the one shown has ended. */
  #followMine(): void {
    const { run, queue } = this.state;
    if (run && !isOver(run)) return;
    const next = queue.runs.findLast(({ id, status }) => this.#mine.has(id) && status !== 'queued');
    if (!next) return;
    const graph = this.#mine.get(next.id)!;
    this.#mine.delete(next.id);
    this.#watch(next.id, next.name, graph);
  }
  #watch(id: string, name: string, graph: Graph): void {
    localStorage.setItem(LAST_RUN, id);
    this.update({ run: newRun(id, name), runGraph: graph, pausing: false, report: 0 });
    this.#live.watch(id, () => (this.state.run?.id === id ? this.state.run.seq : 0));
  }
  /** Shows a run over the graph that is open. */
  async follow(id: string): Promise<void> {
    await this.#attach(id, false);
  }
  /** Shows a run of the list, with the graph it was started with. */
  async attach(id: string): Promise<void> {
    await this.#attach(id, true);
  }
  async #attach(id: string, showGraph: boolean): Promise<void> {
    await this.#try(async () => {
      const { run, graph } = await api.run(id);
      const document = graphSchema.parse(graph);
      if (showGraph) this.#replace(document, null);
      this.#watch(run.id, run.name, document);
      if (showGraph) this.showTab('progress');
    }, showGraph);
  }
  #takeEvents(events: readonly RunEvent[]): void {
    const before = this.state.run;
    if (!before) return;
    const run = takeEvents(before, events);
    if (run === before) return;
    // A pause that another asked for, or that the end overtook, is no longer on its way either.
    this.update({ run, ...(run.status !== 'running' && { pausing: false }) });
    if (run.missed) this.#live.watch(run.id, () => this.state.run?.seq ?? 0);
    // Only what happens while one watches is announced, not the replay of an old run.
    const recent = Date.now() - Date.parse(run.finished ?? '') < 10_000;
    if (isOver(run) && !isOver(before) && recent) this.#announce();
    if (isOver(run)) this.#followMine();
  }
  #announce(): void {
    const { run, dock } = this.state;
    if (run?.status === 'succeeded') {
      const stopped = [...run.nodes.values()].some(({ unfinished }) => unfinished !== null);
      this.toast(
        'good',
        `Finished${run.seconds === null ? '' : ` in ${durationText(run.seconds)}`}${stopped ? ', with what was made until you stopped it. Run it again to go on from there' : ''}.`,
      );
      if (dock.tab === 'progress' && reportsOf(run, (node) => describeRunNode(this.state, node)).length) this.showTab('report');
    } else if (run?.status === 'failed') {
      const [first] = run.problems;
      const title = first?.node === undefined ? '' : `${runNodeTitle(this.state, first.node)}: `;
      this.toast('bad', first ? `${title}${withoutNode(first.message)}` : 'The run failed.');
    } else if (run?.status === 'cancelled')
      this.toast('info', 'Cancelled. What was finished is kept, and a training goes on where it was when you run it again.');
  }

  // Panels
  showTab(tab: DockTab): void {
    this.update({ dock: { ...this.state.dock, tab, open: true } });
  }
  setDock(change: Partial<EditorState['dock']>): void {
    this.update({ dock: { ...this.state.dock, ...change } });
  }
  setPalette(change: Partial<EditorState['palette']>): void {
    this.update({ palette: { ...this.state.palette, ...change } });
  }
  /** Unfolds the rarely changed settings of a node type, or folds them; remembered in the browser. */
  setMore(type: string, open: boolean): void {
    const more = new Set(this.state.more);
    if (open) more.add(type);
    else more.delete(type);
    localStorage.setItem(MORE, JSON.stringify([...more]));
    this.update({ more });
  }
  openDialog(dialog: Dialog): void {
    this.update({ dialog, menu: null });
    if (dialog.kind === 'templates')
      void this.#try(async () => this.update({ dialog: { kind: 'templates', templates: await api.templates() } }));
    if (dialog.kind === 'open') void this.#try(async () => this.update({ dialog: { kind: 'open', graphs: await api.graphs() } }));
  }
  /** Asks first when a painted mask would be lost. */
  closeDialog(): void {
    const { dialog } = this.state;
    if (dialog?.kind === 'mask' && dialog.painter.canUndo && !window.confirm('Leave without the mask that you painted?')) return;
    this.#endDialog();
  }
  #endDialog(): void {
    const { dialog } = this.state;
    if (dialog?.kind === 'mask') URL.revokeObjectURL(dialog.painter.url);
    this.update({ dialog: null });
  }
  toast(kind: Toast['kind'], text: string): void {
    const id = this.#nextToast++;
    this.update({ toasts: [...this.state.toasts.filter((toast) => toast.text !== text), { id, kind, text }].slice(-4) });
    setTimeout(() => this.dismiss(id), toastMs(text));
  }
  dismiss(id: number): void {
    this.update({ toasts: this.state.toasts.filter((toast) => toast.id !== id) });
  }
  /** Closes what floats, the topmost first; false when nothing did. */
  escape(): boolean {
    const { search, menu, editing, picker, renaming, lightbox, hint } = this.state;
    if (!search && !menu && !editing && !picker && !renaming && !lightbox && !hint) return false;
    this.update({ search: null, menu: null, editing: null, picker: null, renaming: null, lightbox: null, hint: null });
    return true;
  }
  #showHint(hint: Hint | null): void {
    clearTimeout(this.#hintTimer);
    const shown = this.state.hint;
    if (!hint || hint.kind === 'refusal') {
      if (hint || shown) this.update({ hint });
      return;
    }
    const same = shown?.kind === 'node' && shown.node === hint.node && shown.port === hint.port;
    if (same) return;
    if (shown) this.update({ hint: null });
    this.#hintTimer = setTimeout(() => this.update({ hint }), HINT_MS);
  }
  #validateSoon(): void {
    clearTimeout(this.#validateTimer);
    this.#validateTimer = setTimeout(async () => {
      try {
        const problems = await api.validate(this.canvas.read());
        this.update({ problems, showProblems: this.state.showProblems && problems.length > 0 });
      } catch {
        // The connection badge tells when the server is away; the graph is checked again when it is run.
      }
    }, VALIDATE_MS);
  }
  /** Runs a request; a refusal becomes a toast. False when it was refused. */
  attempt(work: () => unknown): Promise<boolean> {
    return this.#try(work);
  }
  async #try(work: () => unknown, loud = true): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (loud) this.toast('bad', error instanceof Error ? error.message : String(error));
      return false;
    }
  }
}
