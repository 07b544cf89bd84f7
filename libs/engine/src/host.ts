// What the engine asks of the process that it runs in: files, assets, sessions, pictures. The engine itself does no I/O.
import type { NodeContext } from '@facewright/core';
import type { ImageBuffer } from '@facewright/tensor';
import type { CheckpointStore } from './checkpoint-store.ts';

/** The parts of a node's context that touch the world. */
export type NodeIo = Pick<NodeContext, 'session' | 'memory' | 'assets' | 'images' | 'files' | 'judging'> & {
  /** Called once when the node has ended, well or not: releases its sessions with state. */
  close(): Promise<void>;
};

export interface EngineHost {
  /**
   * Digest of what a path names: content or size and time of a file, the listing with those of a folder, the votes of a judging task (`judgingName`); a fixed
   * word when there is nothing.
   * Two different digests mean that results made from the path are made again.
   */
  fingerprint(path: string): Promise<string>;
  readonly checkpoints: CheckpointStore;
  openNode(node: string, signal: AbortSignal): NodeIo;
  /** A small PNG as a data: URL. */
  preview(image: ImageBuffer): Promise<string>;
}
