// What the engine asks of the process that it runs in: files, assets, sessions, pictures. The engine itself does no I/O.
import type { NodeContext, NodeDefinition } from '@facewright/core';
import type { ImageBuffer } from '@facewright/tensor';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { KeyParts } from './result-key.ts';

/** The parts of a node's context that touch the world. */
export type NodeIo = Pick<NodeContext, 'session' | 'memory' | 'assets' | 'images' | 'files' | 'judging'> & {
  /** Bytes that the process held at most since this was last asked, without mapped files; null where the system does not tell. */
  peakMemory?(): number | null;
  /** Called once when the node has ended, well or not: releases its sessions with state. */
  close(): Promise<void>;
};

/** What running a node once took. */
export interface NodeCost {
  readonly parts: KeyParts;
  readonly seconds: number;
  /** As `NodeIo.peakMemory`; null as well for a node that took no time worth measuring. */
  readonly memory: number | null;
  readonly provider: string;
}

export interface EngineHost {
  /**
   * Digest of what a path names: content or size and time of a file, the listing with those of a folder, the votes of a judging task (`judgingName`); a fixed
   * word when there is nothing.
   * Two different digests mean that results made from the path are made again.
   */
  fingerprint(path: string): Promise<string>;
  readonly checkpoints: CheckpointStore;
  /** Told of every node that ran to its end, to foretell the next run. */
  spent?(cost: NodeCost, definition: NodeDefinition): void;
  openNode(node: string, signal: AbortSignal): NodeIo;
  /** A small PNG as a data: URL. */
  preview(image: ImageBuffer): Promise<string>;
}
