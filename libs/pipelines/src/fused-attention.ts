// Which attention a provider computes right and fast.
import type { NodeContext } from '@facewright/core';

/** The fused operator is for the CPU: on WebGPU onnxruntime 1.30 computes it wrongly from 32 tokens on (see libs/models/README.md). */
export const usesFusedAttention = ({ provider }: Pick<NodeContext, 'provider'>): boolean => provider !== 'webgpu';
