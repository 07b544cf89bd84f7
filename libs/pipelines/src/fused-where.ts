// Where attention may be one fused operator.
import type { NodeContext } from '@facewright/core';

/**
 * On the CPU fused attention is faster and needs no large buffer. The WebGPU provider of onnxruntime 1.30 computes com.microsoft MultiHeadAttention wrong from 32 query
 * tokens on (off by 0.02 to 0.25, seen on SwiftShader), so there attention is written out.
 */
export const fusedWhere = ({ provider }: Pick<NodeContext, 'provider'>): { readonly fused: boolean } => ({ fused: provider !== 'webgpu' });
