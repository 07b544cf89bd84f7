// Lays a graph out from left to right by depth, keeping linked nodes near each other.

export interface Box {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}
export type Place = readonly [x: number, y: number];

const GAP_X = 70;
const GAP_Y = 60;
const SWEEPS = 6;

/** Longest distance from a node without inputs; nodes on a cycle count as if the closing link were absent. */
function depths(ids: readonly string[], sources: ReadonlyMap<string, readonly string[]>): Map<string, number> {
  const depth = new Map<string, number>();
  const open = new Set<string>();
  // Iterative, because a chain may be thousands of nodes long.
  for (const root of ids) {
    const stack = [root];
    while (stack.length) {
      const id = stack.at(-1) as string;
      if (depth.has(id)) {
        stack.pop();
        continue;
      }
      open.add(id);
      const next = (sources.get(id) ?? []).find((source) => !depth.has(source) && !open.has(source));
      if (next !== undefined) {
        stack.push(next);
        continue;
      }
      depth.set(id, Math.max(-1, ...(sources.get(id) ?? []).map((source) => depth.get(source) ?? -1)) + 1);
      open.delete(id);
      stack.pop();
    }
  }
  return depth;
}

/**
 * Positions of the left top corners, in canvas units; `titleHeight` is what each box needs above its corner.
 * Layers by longest path, order within a layer by the mean place of neighbours (Sugiyama, Tagawa and Toda 1981), then each layer centred.
 */
export function arrange(
  boxes: readonly Box[],
  links: readonly (readonly [from: string, to: string])[],
  titleHeight: number,
): Map<string, Place> {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const sources = new Map<string, string[]>();
  const targets = new Map<string, string[]>();
  for (const [from, to] of links) {
    if (!byId.has(from) || !byId.has(to) || from === to) continue;
    sources.set(to, [...(sources.get(to) ?? []), from]);
    targets.set(from, [...(targets.get(from) ?? []), to]);
  }
  const depth = depths([...byId.keys()], sources);
  // A source that is needed late stands right before its first reader instead of far left.
  for (const id of [...byId.keys()].sort((a, b) => (depth.get(b) ?? 0) - (depth.get(a) ?? 0))) {
    const readers = targets.get(id);
    if (!sources.get(id)?.length && readers?.length)
      depth.set(id, Math.max(0, Math.min(...readers.map((reader) => depth.get(reader) ?? 1)) - 1));
  }
  const layers: string[][] = [];
  for (const box of boxes) (layers[depth.get(box.id) ?? 0] ??= []).push(box.id);
  const filled = layers.filter((layer) => layer?.length);

  const middle = new Map<string, number>();
  const stack = (layer: readonly string[]): void => {
    const heights = layer.map((id) => (byId.get(id)?.height ?? 0) + titleHeight);
    let y = -(heights.reduce((sum, height) => sum + height, 0) + GAP_Y * (layer.length - 1)) / 2;
    layer.forEach((id, i) => {
      middle.set(id, y + (heights[i] ?? 0) / 2);
      y += (heights[i] ?? 0) + GAP_Y;
    });
  };
  filled.forEach(stack);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const neighbours = sweep % 2 === 0 ? sources : targets;
    for (const layer of sweep % 2 === 0 ? filled : filled.toReversed()) {
      const wish = new Map(
        layer.map((id) => {
          const near = (neighbours.get(id) ?? []).map((other) => middle.get(other) ?? 0);
          return [id, near.length ? near.reduce((sum, y) => sum + y, 0) / near.length : (middle.get(id) ?? 0)];
        }),
      );
      layer.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0));
      stack(layer);
    }
  }

  const places = new Map<string, Place>();
  let x = 0;
  for (const layer of filled) {
    for (const id of layer) {
      const height = (byId.get(id)?.height ?? 0) + titleHeight;
      places.set(id, [Math.round(x), Math.round((middle.get(id) ?? 0) - height / 2 + titleHeight)]);
    }
    x += Math.max(...layer.map((id) => byId.get(id)?.width ?? 0)) + GAP_X;
  }
  return places;
}

/** A box at its place. */
export interface PlacedBox extends Box {
  readonly place: Place;
}

/** True when the boxes, titles included, lie on each other. */
const collide = ({ place: [ax, ay], ...a }: PlacedBox, { place: [bx, by], ...b }: PlacedBox, titleHeight: number): boolean =>
  ax < bx + b.width && bx < ax + a.width && ay - titleHeight < by + b.height && by - titleHeight < ay + a.height;

/** Where boxes that lie on higher ones come to stand: below these, in the order in which they stood. All others stay. */
export function makeRoom(boxes: readonly PlacedBox[], titleHeight: number): Map<string, Place> {
  const settled: PlacedBox[] = [];
  const moved = new Map<string, Place>();
  for (const box of boxes.toSorted((a, b) => a.place[1] - b.place[1])) {
    let now = box;
    // each step down passes one of the settled boxes
    for (let above; (above = settled.find((other) => collide(other, now, titleHeight)));)
      now = { ...now, place: [now.place[0], above.place[1] + above.height + titleHeight + GAP_Y / 2] };
    settled.push(now);
    if (now !== box) moved.set(now.id, now.place);
  }
  return moved;
}
