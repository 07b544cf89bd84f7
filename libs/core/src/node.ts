// A node: its definition is data, safe in a browser; its run does the work; a package pairs the two.
import type { ImageBuffer, Rng, RunnableModel, Session, SessionOptions, Tensors } from '@facewright/tensor';
import type { Graph } from './graph.ts';
import { port, portOf, type Port, type PortType } from './port.ts';
import type { Asset, FileRef, Image, Judgements, JudgingTask } from './values.ts';

// `any` is what lets a record of differently typed ports be one type; values come out typed again through Values.
export type AnyPorts = Readonly<Record<string, Port<any>>>;
export type Values<P extends AnyPorts> = { readonly [K in keyof P]: P[K] extends Port<infer V> ? V : never };
/** Namespaced, never changes: it is what saved graphs refer to. */
export type NodeType = `${string}/${string}`;

/** Brings saved values of version `to - 1` to version `to`. */
export interface Migration {
  readonly to: number;
  readonly why: string;
  /** New names of ports by their old ones: links follow, and so do values, before `up` sees them. */
  readonly renamed?: { readonly inputs?: Readonly<Record<string, string>>; readonly outputs?: Readonly<Record<string, string>> };
  up(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
}

interface NodeFacts<I extends AnyPorts, O extends AnyPorts> {
  readonly type: NodeType;
  readonly version: number;
  readonly title: string;
  /** One sentence for the palette. */
  readonly summary: string;
  /** Where the palette lists it, e.g. 'Faces' or 'Training'. */
  readonly category: string;
  readonly inputs: I;
  readonly outputs: O;
  /** 'none' and 'reads' (files named by path ports) may be cached; 'writes' runs every time. */
  readonly effects: 'none' | 'reads' | 'writes';
  /** Runs even when nothing consumes it, and the editor shows what it gives: SaveImage, Preview, Evaluator. */
  readonly output?: boolean;
  /** Can be told to stop now and give what it has: it looks at what `context.gate` says. */
  readonly stops?: boolean;
  /**
   * Inputs that do not tell its unfinished work from another's, such as `steps`: a training finds, as `context.checkpoint.related`, what one with fewer steps
   * left behind. The checkpoint of a node that names some is kept when the node has finished.
   */
  readonly extends?: readonly string[];
  /** Spends its time waiting for something outside, such as a network: it may run beside other nodes, which else run one at a time. */
  readonly waits?: boolean;
  readonly migrations?: readonly Migration[];
}
/** What a node decides by the values of its inputs. Pure, and safe in a browser. */
interface NodeRules<V> {
  /**
   * The lazy inputs that it needs, given the others. An input that is not computed yet is undefined: who looks at a lazy one is asked again when it is there.
   * What is not needed does not run, is not part of the key, and is undefined in `run`.
   */
  needs?(values: V): readonly string[];
  /** What is wrong with typed values beyond what ports say, by input: "expected at most max (3), got 4". Asked at submission; linked inputs are undefined. */
  check?(values: V): Readonly<Record<string, string>>;
  /**
   * Plain data that tells whether a stored result still counts, such as the day: part of the key. Linked inputs are undefined. When it throws, the node runs
   * again and says so.
   */
  fresh?(values: V): unknown;
}
export interface NodeDefinition<I extends AnyPorts = AnyPorts, O extends AnyPorts = AnyPorts>
  extends NodeFacts<I, O>, NodeRules<Readonly<Record<string, any>>> {}
/** Ties the types of a definition together at compile time; what types cannot say is checked when a catalogue is made (checkDefinition). */
export const defineNode = <const I extends AnyPorts, const O extends AnyPorts>(
  definition: NodeFacts<I, O> & NodeRules<Partial<Values<NoInfer<I>>>>,
): NodeDefinition<I, O> => definition as NodeDefinition<I, O>;

/** What is written: all at once, or in parts where it is too large to hold in memory. */
export type Bytes = Uint8Array | AsyncIterable<Uint8Array>;

/** Unfinished work of a node. `data` is plain data, as on a wire; assets in it are references, and one that is gone makes the checkpoint void. */
export interface Checkpoint {
  readonly data: unknown;
  /** Numbers that are no asset, such as the state of a training. */
  readonly tensors?: Tensors;
}

/** All that a node may ask of its host. */
export interface NodeContext {
  readonly node: string;
  /** The document of the run, as submitted: for files that say what made them. Results never depend on it; it is no part of their key. */
  readonly graph: Graph;
  /** Aborts between steps when the run is cancelled; call `signal.throwIfAborted()` in every loop. */
  readonly signal: AbortSignal;
  /**
   * Waits between steps: resolves at once while the run goes on, and when a paused run goes on. `save` is called first, where it has to wait or throw, so that
   * nothing done is lost. Says 'stop' once the user wants what there is so far: a node that then ends before its work is whole says so with `unfinished`.
   * Throws when the run is cancelled.
   */
  gate(save?: () => Promise<void>): Promise<'go' | 'stop'>;
  /**
   * What this node, with these inputs, has not finished: it outlives a cancel, a crash and a restart, and is removed when the node has finished, unless its
   * definition says what it `extends`. Inputs that come from unfinished work count by what they hold.
   */
  readonly checkpoint: {
    /** What was saved last. Null when there is nothing, or when it is damaged or an asset of it is gone, which is said in the log. */
    load(): Promise<Checkpoint | null>;
    /** What the same node with other values of the inputs that its definition `extends` saved: of several the one whose data ranks highest, the newest of equals. Null as above. */
    related(rank: (data: unknown) => number): Promise<Checkpoint | null>;
    /** Takes the place of what was saved before, whole or not at all. Throws as writing a file does, e.g. for a full disk: then the one before is still there. */
    save(checkpoint: Checkpoint): Promise<void>;
  };
  /** Says that the outputs are valid but not all that the inputs ask for, "120 of 250 steps": neither they nor what is made from them is stored as the result of these inputs. */
  unfinished(what: string): void;
  /** Where pictures are computed: 'cpu', 'webgpu', 'null'. */
  readonly provider: string;
  /** Bytes of memory that open models may take; Infinity where nobody knows, as on a GPU. For choosing between ways to the same result: results never depend on it. */
  readonly memory: number;
  /** `done` of `total` steps; a preview is shown on the node. */
  progress(done: number, total: number, preview?: ImageBuffer): void;
  /** A point of a curve, shown live. */
  metric(name: string, step: number, value: number): void;
  log(level: 'info' | 'warn', message: string): void;
  rng(seed: number): Rng;
  /**
   * Runs a graph in the node's place and gives the outputs that are asked for by [node, output]; the ids of its nodes are prefixed by the node's own, and
   * by `name` where a node expands several times. Its nodes are planned, stored and told as all others; values that no person could type, such as pictures,
   * may stand among their `values`. An output that is a list comes as an array. Throws ENGINE_EXPANSION when the graph is not sound, and what its nodes throw.
   */
  expand<K extends string>(
    graph: Pick<Graph, 'nodes' | 'links'>,
    outputs: Readonly<Record<K, readonly [node: string, output: string]>>,
    name?: string,
    // Any: what comes out is checked against the outputs of the node that gives it on.
  ): Promise<Readonly<Record<K, any>>>;
  /**
   * A session for a graph. Without state it is kept by the runtime under `key` and shared with later calls of the same key (give everything the graph
   * depends on: model digests, shapes, variant); `build` is called only when there is none. With state it is new, and released when the node ends.
   */
  session(key: string, build: () => RunnableModel | Promise<RunnableModel>, options?: SessionOptions): Promise<Session>;
  readonly assets: {
    /** Throws ENGINE_MISSING_ASSET. */
    read(asset: Asset): Promise<Uint8Array>;
    write(bytes: Bytes, mediaType: string): Promise<Asset>;
    /** A path to read the bytes in place, e.g. weights; safetensors assets end in `.safetensors`. */
    file(ref: FileRef): Promise<string>;
  };
  readonly images: {
    /** Decodes PNG, JPEG, WebP … to 3 channels; alpha is flattened on white. Throws ENGINE_BAD_IMAGE naming the picture. */
    read(image: Image | Asset): Promise<ImageBuffer>;
    /** Colours as they are stored, also under transparent pixels, and opacity (1 channel, 255 is opaque); null where the file has none. Throws ENGINE_BAD_IMAGE. */
    layers(image: Image | Asset): Promise<{ readonly colours: ImageBuffer; readonly opacity: ImageBuffer | null }>;
    /** Stores as PNG. */
    write(image: ImageBuffer, about: { readonly key: string; readonly caption: string }): Promise<Image>;
  };
  readonly files: {
    /** Files of a folder (not recursive, sorted by name) with one of the endings, as absolute paths. Throws ENGINE_MISSING_FOLDER. */
    list(folder: string, endings: readonly string[]): Promise<readonly string[]>;
    /** Throws ENGINE_MISSING_FILE. */
    read(path: string): Promise<Uint8Array>;
    /** Bytes of a file, for those too large to be read whole. Throws ENGINE_MISSING_FILE. */
    size(path: string): Promise<number>;
    /** The bytes from `start` up to `end`, fewer where the file ends before. Throws ENGINE_MISSING_FILE. */
    part(path: string, start: number, end: number): Promise<Uint8Array>;
    /** Names a user's file as part of a model: size and content digest. */
    ref(path: string): Promise<FileRef>;
    exists(path: string): Promise<'file' | 'folder' | null>;
    /**
     * Writes into the run's output folder, whole or not at all; `name` may not leave it (ENGINE_OUTSIDE_FOLDER). Returns the absolute path. A file that another
     * node of the run, or another item of this one, has written is never written over: throws ENGINE_WRITTEN_ALREADY, or with 'rename' takes the next free
     * name, `name-2`.
     */
    write(name: string, bytes: Bytes, whenTaken?: 'rename'): Promise<string>;
  };
  /** Judging tasks of the data folder: a server serves their page, people judge there. */
  readonly judging: {
    /**
     * Puts a task up, with a first annotator; the same task again changes nothing. `page` is the first annotator's link, a path of the server; null when
     * it was withdrawn. Throws ENGINE_JUDGING_CHANGED when there are votes on other sets under the name.
     */
    publish(task: JudgingTask): Promise<{ readonly page: string | null }>;
    /** What was said until now. Throws ENGINE_MISSING_JUDGING. */
    read(name: string): Promise<Judgements>;
  };
}

type InputsOf<D> = D extends NodeDefinition<infer I, any> ? Values<I> : never;
type OutputsOf<D> = D extends NodeDefinition<any, infer O> ? Values<O> : never;
export type NodeRun<D> = (inputs: InputsOf<D>, context: NodeContext) => Promise<OutputsOf<D>>;
export interface NodePackage {
  readonly definition: NodeDefinition;
  readonly load: () => Promise<{ readonly run: NodeRun<any> }>;
  /** Digest of a plugin's code: part of every result's key, so that changed code is run again. Built-in nodes raise their version instead. */
  readonly codeDigest?: string;
}
/** Pairs a definition with its implementation; does not compile when they disagree. */
export const nodePackage = <D extends NodeDefinition<any, any>>(
  definition: D,
  load: () => Promise<{ readonly run: NodeRun<D> }>,
): NodePackage => ({ definition, load });

/** A port in the catalogue that the server sends: JSON only. */
export interface PortDescription {
  readonly name: string;
  readonly type: PortType;
  readonly optional: boolean;
  readonly default?: unknown;
  readonly help?: string;
  readonly advanced?: boolean;
  readonly lazy?: true;
  readonly each?: true;
  readonly many?: true;
}
export interface NodeDescription {
  readonly type: NodeType;
  readonly version: number;
  readonly title: string;
  readonly summary: string;
  readonly category: string;
  readonly effects: 'none' | 'reads' | 'writes';
  readonly output: boolean;
  readonly stops?: boolean;
  readonly inputs: readonly PortDescription[];
  readonly outputs: readonly PortDescription[];
}
const describePorts = (ports: AnyPorts): PortDescription[] =>
  Object.entries(ports).map(([name, { type, optional, default: value, help, advanced, lazy, each, many }]) => ({
    name,
    type,
    optional,
    ...(value !== undefined && { default: value }),
    ...(help !== undefined && { help }),
    ...(advanced && { advanced }),
    ...(lazy && { lazy }),
    ...(each && { each }),
    ...(many && { many }),
  }));
/** What the server tells the editor about a node. */
export const describeNode = ({
  type,
  version,
  title,
  summary,
  category,
  effects,
  output = false,
  stops,
  inputs,
  outputs,
}: NodeDefinition): NodeDescription => ({
  type,
  version,
  title,
  summary,
  category,
  effects,
  output,
  ...(stops && { stops }),
  inputs: describePorts(inputs),
  outputs: describePorts(outputs),
});

const portsOf = (ports: readonly PortDescription[]): AnyPorts =>
  Object.fromEntries(
    ports.map(({ name, type, optional, default: value, help, advanced, lazy, each, many }) => {
      let made: Port<unknown> = portOf(type, {
        ...(value !== undefined && { default: value }),
        ...(help !== undefined && { help }),
        ...(advanced && { advanced }),
      });
      if (each) made = port.each(made);
      if (many) made = port.many(made);
      if (lazy) made = port.lazy(made);
      return [name, optional ? port.optional(made) : made];
    }),
  );
/** The definition that a description tells of: all that validation needs, without migrations. The inverse of describeNode. */
export const definitionOf = ({ inputs, outputs, ...rest }: NodeDescription): NodeDefinition => ({
  ...rest,
  inputs: portsOf(inputs),
  outputs: portsOf(outputs),
});
