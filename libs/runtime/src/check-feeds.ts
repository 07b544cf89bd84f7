// Whether fed tensors fit what a graph takes: names, element types, dimensions, lengths.
import { sizeOf, type Tensor, type TensorInfo, type Tensors } from '@facewright/tensor';

const shapeText = (dims: readonly (number | string)[]) => `[${dims.join(', ')}]`;

/** What does not fit about one tensor; empty when all does. A named size accepts any number. */
export function checkTensor(subject: string, info: TensorInfo, tensor: Tensor): string[] {
  const problems: string[] = [];
  if (tensor.dtype !== info.dtype) problems.push(`${subject}: expected ${info.dtype}, got ${tensor.dtype}`);
  const fits =
    tensor.dims.length === info.shape.length && info.shape.every((size, axis) => typeof size === 'string' || size === tensor.dims[axis]);
  if (!fits) problems.push(`${subject}: expected shape ${shapeText(info.shape)}, got ${shapeText(tensor.dims)}`);
  if (tensor.data.length !== sizeOf(tensor.dims))
    problems.push(`${subject}: expected ${sizeOf(tensor.dims)} values for ${shapeText(tensor.dims)}, got ${tensor.data.length}`);
  return problems;
}

/** Everything that is wrong with the feeds of one run. */
export function checkFeeds(inputs: readonly TensorInfo[], feeds: Tensors): string[] {
  const known = new Set(inputs.map(({ name }) => name));
  return [
    ...inputs.flatMap((info) => {
      const tensor = feeds[info.name];
      return tensor
        ? checkTensor(`input ${info.name}`, info, tensor)
        : [`input ${info.name}: expected ${info.dtype} ${shapeText(info.shape)}, got nothing`];
    }),
    ...Object.keys(feeds)
      .filter((name) => !known.has(name))
      .map((name) => `input ${name}: expected one of ${[...known].join(', ') || 'no inputs'}, got an unknown name`),
  ];
}
