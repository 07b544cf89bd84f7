// The door between the editor and litegraph: documents in and out, what a person does, what a run shows.
import { subgraphOf, type Graph, type NodeDescription, type NodeInstance, type PortDescription } from '@facewright/core';
import { LGraph, LGraphGroup } from 'litegraph.js';
import {
  arrangeNodes,
  freeId,
  graphNodes,
  readFromCanvas,
  spreadNodes,
  titleOnWay,
  typesOf,
  writeToCanvas,
  type Catalogue,
  type Remainder,
} from './document.ts';
import { GraphNode, isLinked, type ExposedPorts, type NodeHooks } from './graph-node.ts';
import { plainLook, type NodeLook } from './node-look.ts';
import { whenPictureReady } from './picture-store.ts';
import { installSlotTypes, linkAnswer, slotType } from './slot-types.ts';
import { contentAt, scopeOf, stepsOf, walk, withContent, type Boundary, type Path } from './scope.ts';
import { resolveVariables } from './slot-variables.ts';
import { StudioCanvas } from './studio-canvas.ts';
import {
  contains,
  exposePort,
  hidePort,
  importSubgraphs,
  makeSubgraph,
  neededSubgraphs,
  renamePort,
  unpackSubgraph,
  withoutLost,
} from './subgraph-edit.ts';
import { installTheme, theme } from './theme.ts';

export interface CanvasPoint {
  readonly x: number;
  readonly y: number;
}
/** A loose end that a new node should be joined to. */
export interface LooseEnd {
  readonly node: string;
  readonly port: string;
  readonly side: 'output' | 'input';
}
export interface GraphCanvasEvents {
  /** The document may have changed; called at most once per frame. */
  changed(): void;
  selected(nodes: readonly string[]): void;
  refused(reason: string): void;
  /** While a link is dragged, or a port is hovered: what to show beside the pointer. */
  hint(
    hint:
      | { readonly at: CanvasPoint; readonly kind: 'refusal'; readonly text: string }
      | { readonly at: CanvasPoint; readonly kind: 'node'; readonly node: string; readonly port: string | null }
      | null,
  ): void;
  search(at: CanvasPoint, from: LooseEnd | null): void;
  menu(at: CanvasPoint, node: string | null): void;
  editField(node: string, port: PortDescription, box: DOMRect): void;
  rename(node: string, box: DOMRect): void;
  /** The view moved or was scaled: floating boxes no longer fit. */
  moved(): void;
  /** Another part of the document is shown. */
  navigated(): void;
}
export interface NodeView {
  readonly id: string;
  readonly type: string;
  readonly title: string;
  readonly description: NodeDescription | undefined;
  readonly values: Readonly<Record<string, unknown>>;
  readonly linkedInputs: ReadonlySet<string>;
  readonly unfilled: ReadonlySet<string>;
  readonly mode: NodeInstance['mode'];
  readonly repeat: NodeInstance['repeat'];
  /** The id of the subgraph that it stands for. */
  readonly subgraph: string | null;
  readonly exposed: ExposedPorts;
}
/** The subgraph that the canvas shows. */
export interface ShownSubgraph {
  readonly id: string;
  readonly title: string;
  readonly ports: Boundary;
}

installTheme();
installSlotTypes();

export class GraphCanvas {
  readonly #graph = new LGraph();
  readonly #canvas: StudioCanvas;
  readonly #element: HTMLCanvasElement;
  readonly #events: GraphCanvasEvents;
  readonly #hooks: NodeHooks;
  #installed: Catalogue = new Map();
  /** With the subgraphs of the document. */
  #catalogue: Catalogue = new Map();
  /** As it was when the canvas began to show this part of it. */
  #document: Graph = { facewright: 1, name: 'Untitled', description: '', nodes: {}, links: [], groups: [] };
  #path: Path = [];
  #remainder: Remainder = { name: 'Untitled', description: '', undrawn: [] };
  #looks: ReadonlyMap<string, NodeLook> = new Map();
  #changeAsked = false;
  #quiet = false;
  /** The view that `fit` made; while it is still the same, it follows the size of the page. */
  #fitted = '';

  constructor(element: HTMLCanvasElement, events: GraphCanvasEvents) {
    this.#element = element;
    this.#events = events;
    this.#hooks = {
      valueChanged: (node, port, value) => this.setValue(String(node.id), port, value),
      editField: (node, port) => events.editField(String(node.id), port, this.#fieldBox(node, port.name)),
    };
    const shownTitle = (node: GraphNode | null): string | null => (node ? String(node.id) : null);
    this.#canvas = new StudioCanvas(element, this.#graph, {
      linkAnswer: (reason, x, y) => events.hint(reason ? { at: { x, y }, kind: 'refusal', text: reason } : null),
      linkRefused: (reason) => events.refused(reason),
      linkDroppedOnNothing: ({ node, port, side }, x, y) => events.search({ x, y }, { node: String(node.id), port, side }),
      emptyDoubleClicked: (x, y) => events.search({ x, y }, null),
      titleDoubleClicked: (node) => events.rename(String(node.id), this.#titleBox(node)),
      menu: (node, x, y) => events.menu({ x, y }, shownTitle(node)),
      opened: (node) => this.enter(String(node.id)),
      hovered: (node, port, x, y) => events.hint(node ? { at: { x, y }, kind: 'node', node: String(node.id), port } : null),
    });
    this.#canvas.onSelectionChange = () => events.selected(this.selection);
    this.#canvas.ds.onChanged = () => events.moved();
    this.#graph.onAfterChange = () => this.#ask();
    whenPictureReady(() => this.#canvas.setDirty(true));
    new ResizeObserver(() => this.#resize()).observe(element.parentElement as HTMLElement);
    this.#resize();
    // Text is drawn, so it has to be drawn again when its font has arrived.
    void document.fonts.load('12px "Inter Variable"').then(() => this.#canvas.setDirty(true, true));
  }

  set catalogue(installed: Catalogue) {
    this.#installed = installed;
    this.#catalogue = typesOf(this.#document, installed);
  }
  /** Installed node types, and the subgraphs of the document that may stand here. */
  get nodeTypes(): readonly NodeDescription[] {
    return [...this.#catalogue.values()].filter(({ type }) => !this.#wouldContainItself(type));
  }
  get selection(): readonly string[] {
    return [...this.#canvas.selectedItems].filter((item) => item instanceof GraphNode).map(({ id }) => String(id));
  }

  /** Shows a document, from the inside of subgraphs as far as `path`, ids of nodes, leads. With `spread`, nodes that lie on others are moved down. */
  open(
    document: Graph,
    {
      keepView = false,
      spread = false,
      path = [],
    }: { readonly keepView?: boolean; readonly spread?: boolean; readonly path?: readonly string[] } = {},
  ): void {
    this.#show(document, walk(document, path), spread);
    if (!keepView) this.fit();
    this.#canvas.setDirty(true, true);
  }
  #show(document: Graph, path: Path, spread = false): void {
    this.#document = document;
    this.#path = path;
    this.#catalogue = typesOf(document, this.#installed);
    const { name, description } = document;
    const { nodes, links, groups } = contentAt(document, scopeOf(path));
    this.#quietly(() => {
      this.#canvas.deselectAll();
      this.#graph.clear();
      this.#remainder = writeToCanvas(
        { facewright: 1, name, description, nodes, links, groups },
        this.#graph,
        this.#catalogue,
        this.#hooks,
      );
      this.#resolve();
      if (spread) spreadNodes(this.#graph);
      this.#expose();
      this.#dress();
    });
    this.#events.navigated();
  }
  #resolve(): void {
    resolveVariables(graphNodes(this.#graph), readFromCanvas(this.#graph, this.#remainder), this.#catalogue);
  }
  /** The whole document. */
  read(): Graph {
    const { nodes, links, groups, ...about } = readFromCanvas(this.#graph, this.#remainder);
    const { subgraphs } = this.#document;
    const scope = scopeOf(this.#path);
    const top = scope === null ? { nodes, links, groups } : contentAt(this.#document, null);
    const document: Graph = { ...about, nodes: top.nodes, links: top.links, groups: top.groups, ...(subgraphs && { subgraphs }) };
    return scope === null ? document : withoutLost(this.#document, withContent(document, scope, { nodes, links, groups }));
  }

  // Subgraphs
  /** Ids of the nodes that lead to what is shown. */
  get path(): readonly string[] {
    return this.#path.map(({ node }) => node);
  }
  /** The document and the subgraphs on the way, by their titles. */
  get trail(): readonly string[] {
    return [this.#remainder.name, ...this.#path.map(({ subgraph }) => this.#document.subgraphs?.[subgraph]?.title ?? subgraph)];
  }
  /** Null when the document itself is shown. */
  get shown(): ShownSubgraph | null {
    const id = scopeOf(this.#path);
    const { title, inputs, outputs } = (id !== null && this.#document.subgraphs?.[id]) || {};
    return id !== null && title !== undefined && inputs && outputs ? { id, title, ports: { inputs, outputs } } : null;
  }
  /** The titles on the way to a node. */
  titleOf(way: string): string {
    return titleOnWay(this.#document, this.#installed, way);
  }
  /** A way to a node of a definition, through the first use of it. */
  wayInto(subgraph: string, node: string | undefined): string | undefined {
    const open: { readonly scope: string | null; readonly path: readonly string[] }[] = [{ scope: null, path: [] }];
    const seen = new Set<string>();
    for (const { scope, path } of open) {
      if (scope === subgraph) return [...path, ...(node === undefined ? [] : [node])].join(':');
      for (const [id, { type }] of Object.entries(contentAt(this.#document, scope).nodes)) {
        const inner = subgraphOf(this.#document, type)?.id;
        if (inner === undefined || seen.has(inner)) continue;
        seen.add(inner);
        open.push({ scope: inner, path: [...path, id] });
      }
    }
    return undefined;
  }
  enter(id: string): void {
    this.#goTo([...this.path, id]);
  }
  /** Leaves subgraphs until only so many are left on the way. */
  leaveTo(depth: number): void {
    const node = this.path[depth];
    this.#goTo(this.path.slice(0, depth));
    if (node !== undefined) this.select([node]);
  }
  #goTo(nodes: readonly string[]): void {
    const document = this.read();
    const path = walk(document, nodes);
    if (path.length === this.#path.length && path.every(({ node }, i) => node === this.#path[i]?.node)) return;
    this.#show(document, path);
    this.fit();
  }
  /** Changes the document as a whole, and shows the same part of it again. */
  #restructure(change: (document: Graph, scope: string | null) => Graph, selected: readonly string[] = this.selection): void {
    const document = change(this.read(), scopeOf(this.#path));
    this.#show(document, walk(document, this.path));
    this.select(selected.filter((id) => this.#find(id)));
    this.#ask();
  }
  #wouldContainItself(type: string): boolean {
    const scope = scopeOf(this.#path);
    const found = subgraphOf(this.#document, type);
    return scope !== null && found !== undefined && contains(this.#document, found.id, scope);
  }
  #refuseItself(type: string): boolean {
    const refused = this.#wouldContainItself(type);
    if (refused) this.#events.refused(`${this.#catalogue.get(type)?.title ?? type} contains what is open here, so it cannot stand in it.`);
    return refused;
  }
  /** The selection becomes a subgraph. */
  makeSubgraph(): void {
    const chosen = this.selection;
    if (!chosen.length) return;
    let made = '';
    this.#restructure((document, scope) => {
      const count = Object.keys(document.subgraphs ?? {}).length + 1;
      const { graph, node } = makeSubgraph(document, scope, chosen, `Subgraph ${count}`);
      made = node;
      return graph;
    });
    this.select([made]);
  }
  unpack(id: string): void {
    const node = this.#find(id);
    if (!node?.isSubgraph || !this.#catalogue.has(node.type)) return;
    if (node.repeat) return this.#events.refused(`${node.shownTitle} is repeated: repeat it once, then it can be unpacked.`);
    let nodes: readonly string[] = [];
    this.#restructure((document, scope) => {
      const unpacked = unpackSubgraph(document, scope, id);
      nodes = unpacked.nodes;
      return unpacked.graph;
    });
    this.select(nodes);
  }
  renameSubgraph(id: string, title: string): void {
    if (title !== '') this.#restructure((document) => withContent(document, id, { title }));
  }
  /** Lets a port of a node of the open subgraph be seen outside, or no longer. */
  setExposed(side: keyof Boundary, node: string, port: string, name: string | null): void {
    const { id } = this.shown ?? {};
    if (id !== undefined)
      this.#restructure((document) =>
        name === null ? hidePort(document, id, side, [node, port]) : exposePort(document, id, side, [node, port], name),
      );
  }
  /** False when the name is taken or cannot be one. */
  renamePort(side: keyof Boundary, from: string, to: string): boolean {
    const { id } = this.shown ?? {};
    const renamed = id === undefined ? null : renamePort(this.read(), id, side, from, to);
    if (renamed) this.#restructure(() => renamed);
    return renamed !== null;
  }
  #expose(): void {
    const { inputs = {}, outputs = {} } = this.shown?.ports ?? {};
    const ends = [
      ...Object.entries(inputs).flatMap(([name, { to }]) => to.map((end) => ({ side: 'inputs' as const, name, end }))),
      ...Object.entries(outputs).map(([name, { from }]) => ({ side: 'outputs' as const, name, end: from })),
    ];
    for (const node of graphNodes(this.#graph)) {
      const own = (side: keyof Boundary) =>
        new Map(ends.filter((each) => each.side === side && each.end[0] === node.id).map(({ end, name }) => [end[1], name]));
      node.exposed = { inputs: own('inputs'), outputs: own('outputs') };
      if (node.exposed.inputs.size > 0) node.fitContent();
    }
  }
  /** Mutes or bypasses nodes; those that all are so already go on as usual. */
  toggleMode(mode: NonNullable<NodeInstance['mode']>, ids: readonly string[] = this.selection): void {
    const nodes = ids.flatMap((id) => this.#find(id) ?? []);
    const off = nodes.every(({ studioMode }) => studioMode === mode);
    for (const node of nodes) node.studioMode = off ? undefined : mode;
    this.#ask();
  }
  setRepeat(id: string, repeat: NodeInstance['repeat']): void {
    const node = this.#find(id);
    if (!node) return;
    node.repeat = repeat;
    this.#ask();
  }
  /** Name and description of the document. */
  rename(about: { readonly name?: string; readonly description?: string }): void {
    this.#remainder = { ...this.#remainder, ...about };
    this.#ask();
  }

  nodes(): readonly NodeView[] {
    return graphNodes(this.#graph).map((node) => this.#view(node));
  }
  node(id: string): NodeView | undefined {
    const node = this.#find(id);
    return node && this.#view(node);
  }
  #view(node: GraphNode): NodeView {
    return {
      id: String(node.id),
      type: node.type,
      title: node.shownTitle,
      description: node.description,
      values: node.values,
      linkedInputs: new Set(node.inputs.filter(isLinked).map(({ name }) => name)),
      unfilled: node.unfilled(),
      mode: node.studioMode,
      repeat: node.repeat,
      subgraph: subgraphOf(this.#document, node.type)?.id ?? null,
      exposed: node.exposed,
    };
  }

  /** Adds a node; joined to `from` at its first fitting port, it stands beside it. Returns its id; null when it is refused. */
  add(type: string, at: CanvasPoint | null, from: LooseEnd | null = null): string | null {
    if (this.#refuseItself(type)) return null;
    const description = this.#catalogue.get(type);
    const id = freeId(type, new Set(graphNodes(this.#graph).map((node) => String(node.id))));
    const node = new GraphNode(id, { type, version: description?.version ?? 1, values: {} }, description, this.#hooks);
    const wished = at && this.#toGraph(at);
    // Keys open the search at one place, and a node that lies on another hides it.
    const hides =
      from === null &&
      wished &&
      graphNodes(this.#graph).some(({ pos }) => Math.hypot((pos[0] ?? 0) - wished[0], (pos[1] ?? 0) - wished[1]) < 40);
    const [x, y] = wished && !hides ? wished : this.#freePlace(node);
    node.pos = from?.side === 'input' ? [x - (node.size[0] ?? 0), y + theme.titleHeight / 2] : [x, y + theme.titleHeight / 2];
    this.#graph.add(node);
    const other = from && this.#find(from.node);
    if (other && from.side === 'output') {
      const output = other.outputs.find(({ name }) => name === from.port);
      const input = output && node.findInputByType(output.type);
      if (output && input) other.connectSlots(output, node, input.slot, undefined);
    } else if (other) {
      const input = other.inputs.find(({ name }) => name === from?.port);
      const output = input && node.findOutputByType(input.type);
      if (input && output) node.connectSlots(output.slot, other, input, undefined);
    }
    this.select([id]);
    this.#ask();
    return id;
  }
  /** Node types that have a port for the loose end. */
  fitting(from: LooseEnd): readonly NodeDescription[] {
    const node = this.#find(from.node);
    const slot = (from.side === 'output' ? node?.outputs : node?.inputs)?.find(({ name }) => name === from.port);
    if (!slot) return [];
    return this.nodeTypes.filter(({ inputs, outputs }) =>
      from.side === 'output'
        ? inputs.some(({ type }) => linkAnswer(slot.type, slotType(type)) === true)
        : outputs.some(({ type }) => linkAnswer(slotType(type), slot.type) === true),
    );
  }

  setValue(id: string, port: string, value: unknown): void {
    const node = this.#find(id);
    if (!node) return;
    if (value === undefined) delete node.values[port];
    else node.values[port] = value;
    if (node.fields.get(port)?.advanced) node.fitContent();
    this.#ask();
  }
  setTitle(id: string, title: string): void {
    const node = this.#find(id);
    if (!node) return;
    node.customTitle = title === '' || title === node.description?.title ? undefined : title;
    node.title = node.shownTitle;
    this.#ask();
  }

  setLooks(looks: ReadonlyMap<string, NodeLook>): void {
    this.#looks = looks;
    this.#dress();
    this.#canvas.setDirty(true, true);
  }
  #dress(): void {
    for (const node of graphNodes(this.#graph)) node.look = this.#looks.get(String(node.id)) ?? plainLook;
  }

  select(ids: readonly string[]): void {
    this.#canvas.selectItems(ids.flatMap((id) => this.#find(id) ?? []));
    if (!ids.length) this.#canvas.deselectAll();
  }
  selectAll(): void {
    this.#canvas.selectItems([...graphNodes(this.#graph), ...this.#graph.groups]);
  }
  deleteSelected(): void {
    if (this.#canvas.selectedItems.size) this.#canvas.deleteSelected();
  }
  /** The selected nodes and the links between them, as a document. */
  copySelected(): Graph | null {
    const chosen = new Set(this.selection);
    if (!chosen.size) return null;
    const document = this.read();
    const { nodes, links } = contentAt(document, scopeOf(this.#path));
    const copied = Object.fromEntries(Object.entries(nodes).filter(([id]) => chosen.has(id)));
    return {
      facewright: 1,
      name: document.name,
      description: '',
      groups: [],
      nodes: copied,
      subgraphs: neededSubgraphs(document, copied),
      links: links.filter(({ from, to }) => chosen.has(from[0]) && chosen.has(to[0])),
    };
  }
  /** Adds a copied piece beside the originals, or with its corner at `at`. */
  paste(copied: Graph, at: CanvasPoint | null = null): void {
    const { graph, piece } = importSubgraphs(this.#document, copied);
    this.#document = graph;
    this.#catalogue = typesOf(graph, this.#installed);
    if (Object.values(piece.nodes).some(({ type }) => this.#refuseItself(type))) return;
    const taken = new Set(graphNodes(this.#graph).map(({ id }) => String(id)));
    const positions = Object.values(piece.nodes).map(({ position }): readonly [number, number] => position ?? [0, 0]);
    const left = Math.min(...positions.map(([x]) => x));
    const top = Math.min(...positions.map(([, y]) => y));
    const [toX, toY] = at ? this.#toGraph(at) : [left + 40, top + 40];
    const ids = new Map<string, string>();
    const added: GraphNode[] = [];
    for (const [old, instance] of Object.entries(piece.nodes)) {
      const id = freeId(instance.type, taken);
      taken.add(id);
      ids.set(old, id);
      const node = new GraphNode(id, structuredClone(instance), this.#catalogue.get(instance.type), this.#hooks);
      node.pos = [(instance.position?.[0] ?? 0) - left + toX, (instance.position?.[1] ?? 0) - top + toY];
      this.#graph.add(node);
      added.push(node);
    }
    for (const { from, to } of piece.links) {
      const source = this.#find(ids.get(from[0]) ?? '');
      const target = this.#find(ids.get(to[0]) ?? '');
      if (source && target) source.connectAsSaved(from[1], target, to[1]);
    }
    this.#canvas.selectItems(added);
    this.#ask();
  }
  /** Draws a frame around the selection. */
  group(title: string): void {
    const nodes = this.selection.flatMap((id) => this.#find(id) ?? []);
    if (!nodes.length) return;
    const frame = new LGraphGroup(title);
    frame.color = '#5b6078';
    this.#graph.add(frame);
    frame.resizeTo(nodes, 24);
    this.#ask();
  }
  disconnect(id: string): void {
    const node = this.#find(id);
    node?.inputs.forEach((_, i) => node.disconnectInput(i));
    node?.outputs.forEach((_, i) => node.disconnectOutput(i));
    this.#ask();
  }
  arrange(): void {
    arrangeNodes(this.#graph);
    this.fit();
    this.#ask();
  }

  fit(): void {
    const nodes = graphNodes(this.#graph);
    const { width, height } = this.#element.getBoundingClientRect();
    if (!nodes.length || !width || !height) {
      this.#fitted = this.#viewKey();
      return;
    }
    // The title of a node, and that of a frame, stand above the corner.
    const items = [...nodes, ...this.#graph.groups];
    const left = Math.min(...items.map(({ pos }) => pos[0] ?? 0));
    const top = Math.min(...items.map(({ pos }) => (pos[1] ?? 0) - theme.titleHeight));
    const right = Math.max(...items.map(({ pos, size }) => (pos[0] ?? 0) + (size[0] ?? 0)));
    const bottom = Math.max(...items.map(({ pos, size }) => (pos[1] ?? 0) + (size[1] ?? 0)));
    const margin = 36;
    const { ds } = this.#canvas;
    ds.scale = Math.min(1, (width - 2 * margin) / (right - left), (height - 2 * margin) / (bottom - top));
    ds.offset = [width / ds.scale / 2 - (left + right) / 2, height / ds.scale / 2 - (top + bottom) / 2];
    this.#fitted = this.#viewKey();
    this.#canvas.setDirty(true, true);
  }
  #viewKey(): string {
    const { scale, offset } = this.#canvas.ds;
    return `${scale} ${offset[0]} ${offset[1]}`;
  }
  /** Selects a node, by the way to it, and moves the view so that it can be read. */
  focus(way: string): void {
    const steps = stepsOf(way);
    const path = walk(this.read(), steps.slice(0, -1)).map(({ node }) => node);
    this.#goTo(path);
    const id = steps[path.length]!;
    const node = this.#find(id);
    if (!node) return;
    const { width, height } = this.#element.getBoundingClientRect();
    const { ds } = this.#canvas;
    ds.scale = Math.max(ds.scale, 0.75);
    ds.offset = [
      width / ds.scale / 2 - (node.pos[0] ?? 0) - (node.size[0] ?? 0) / 2,
      height / ds.scale / 2 - (node.pos[1] ?? 0) - (node.size[1] ?? 0) / 2,
    ];
    this.select([id]);
    this.#canvas.setDirty(true, true);
  }
  zoom(factor: number): void {
    const { left, top, width, height } = this.#element.getBoundingClientRect();
    this.#canvas.setZoom(this.#canvas.ds.scale * factor, [left + width / 2, top + height / 2]);
  }
  pan(x: number, y: number): void {
    const { ds } = this.#canvas;
    ds.offset = [(ds.offset[0] ?? 0) + x / ds.scale, (ds.offset[1] ?? 0) + y / ds.scale];
    this.#canvas.setDirty(true, true);
  }
  focusElement(): void {
    this.#element.focus();
  }
  /** Where a node's title is on the screen; for tests and floating boxes. */
  boxOf(id: string): DOMRect | undefined {
    const node = this.#find(id);
    return (
      node &&
      this.#screenBox(node.pos[0] ?? 0, (node.pos[1] ?? 0) - theme.titleHeight, node.size[0] ?? 0, (node.size[1] ?? 0) + theme.titleHeight)
    );
  }
  /** The node at a point of the screen. */
  nodeAt(at: CanvasPoint): string | undefined {
    const node = this.#graph.getNodeOnPos(...this.#toGraph(at));
    return node instanceof GraphNode ? String(node.id) : undefined;
  }
  /** Where a slot is on the screen. */
  slotAt(id: string, port: string, side: 'output' | 'input'): CanvasPoint | undefined {
    const node = this.#find(id);
    const index = (side === 'output' ? node?.outputs : node?.inputs)?.findIndex(({ name }) => name === port) ?? -1;
    if (!node || index < 0) return undefined;
    const [x, y] = (side === 'output' ? node.getOutputPos(index) : node.getInputPos(index)) as unknown as [number, number];
    const box = this.#screenBox(x, y, 0, 0);
    return { x: box.x, y: box.y };
  }

  #find(id: string): GraphNode | undefined {
    const node = this.#graph.getNodeById(id);
    return node instanceof GraphNode ? node : undefined;
  }
  #quietly(work: () => void): void {
    this.#quiet = true;
    try {
      work();
    } finally {
      this.#quiet = false;
    }
  }
  #ask(): void {
    this.#canvas?.setDirty(true, true);
    if (this.#quiet || this.#changeAsked) return;
    this.#changeAsked = true;
    requestAnimationFrame(() => {
      this.#changeAsked = false;
      this.#resolve();
      this.#events.changed();
    });
  }
  #toGraph({ x, y }: CanvasPoint): [number, number] {
    const { left, top } = this.#element.getBoundingClientRect();
    const [gx, gy] = this.#canvas.ds.convertCanvasToOffset([x - left, y - top]) as unknown as [number, number];
    return [gx, gy];
  }
  /** The middle of the view, moved down until it covers no other node. */
  #freePlace(node: GraphNode): [number, number] {
    const { left, top, width, height } = this.#element.getBoundingClientRect();
    let [x, y] = this.#toGraph({ x: left + width / 2, y: top + height / 3 });
    x -= (node.size[0] ?? 0) / 2;
    const others = graphNodes(this.#graph);
    while (
      others.some(
        ({ pos, size }) =>
          x < (pos[0] ?? 0) + (size[0] ?? 0) &&
          (pos[0] ?? 0) < x + (node.size[0] ?? 0) &&
          y < (pos[1] ?? 0) + (size[1] ?? 0) + theme.titleHeight &&
          (pos[1] ?? 0) - theme.titleHeight < y + (node.size[1] ?? 0),
      )
    )
      y += 40;
    return [x, y];
  }
  #screenBox(x: number, y: number, width: number, height: number): DOMRect {
    const { left, top } = this.#element.getBoundingClientRect();
    const { scale, offset } = this.#canvas.ds;
    return new DOMRect(left + (x + (offset[0] ?? 0)) * scale, top + (y + (offset[1] ?? 0)) * scale, width * scale, height * scale);
  }
  #titleBox(node: GraphNode): DOMRect {
    return this.#screenBox(node.pos[0] ?? 0, (node.pos[1] ?? 0) - theme.titleHeight, node.size[0] ?? 0, theme.titleHeight);
  }
  #fieldBox(node: GraphNode, port: string): DOMRect {
    const widget = node.widgets?.find(({ name }) => name === port);
    return this.#screenBox(
      (node.pos[0] ?? 0) + theme.margin,
      (node.pos[1] ?? 0) + (widget?.y ?? 0),
      (node.size[0] ?? 0) - 2 * theme.margin,
      widget?.computedHeight ?? theme.rowHeight,
    );
  }
  #resize(): void {
    const parent = this.#element.parentElement as HTMLElement;
    const scale = window.devicePixelRatio;
    const [width, height] = [Math.round(parent.clientWidth * scale), Math.round(parent.clientHeight * scale)];
    if (this.#element.width === width && this.#element.height === height) return;
    this.#element.width = width;
    this.#element.height = height;
    this.#canvas.bgcanvas.width = width;
    this.#canvas.bgcanvas.height = height;
    this.#element.getContext('2d')?.scale(scale, scale);
    this.#canvas.draw(true, true);
    if (this.#fitted === this.#viewKey()) this.fit();
  }
}
