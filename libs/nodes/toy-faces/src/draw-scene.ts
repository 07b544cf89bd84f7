// Draws a scene as a 64x64 RGB picture: background, shoulders, head, hair, facial parts, glasses and hat, back to front.
import { PICTURE_SIZE, scaled } from './face-scene.ts';
import type { Colour, Distractor, FaceScene } from './face-scene.ts';
import { placesOf } from './face-geometry.ts';
import type { EyePlace, FacePlaces } from './face-geometry.ts';
import { ShapeCanvas, any, both, capsule, ellipse, frameAt, roundedBox } from './shape-canvas.ts';
import type { Extent, SignedDistance } from './shape-canvas.ts';

const WHITE: Colour = [250, 250, 250];
const INK: Colour = [36, 26, 26];

/** Draws the scene; RGB bytes, height by width by channel, 64 * 64 * 3 values. */
export function drawScene(scene: FaceScene): Uint8Array {
  const canvas = new ShapeCanvas(PICTURE_SIZE);
  const places = placesOf(scene);
  drawBackground(canvas, scene);
  drawHairBehind(canvas, scene, places);
  drawShoulders(canvas, scene, places);
  drawHead(canvas, scene, places);
  drawMouth(canvas, scene, places);
  drawNose(canvas, scene, places);
  for (const eye of [places.leftEye, places.rightEye, places.surplusEye]) if (eye && eye.radiusU > 0) drawEye(canvas, scene, places, eye);
  drawBrows(canvas, scene, places);
  if (scene.glasses) drawGlasses(canvas, places);
  drawHairInFront(canvas, scene, places);
  if (scene.hat) drawHat(canvas, scene, places);
  return canvas.toBytes();
}

function drawBackground(canvas: ShapeCanvas, scene: FaceScene): void {
  const cos = Math.cos(scene.backgroundAngle);
  const sin = Math.sin(scene.backgroundAngle);
  const half = PICTURE_SIZE / 2;
  canvas.fill((x, y) =>
    mixed(scene.backgroundFrom, scene.backgroundTo, 0.5 + ((x - half) * cos + (y - half) * sin) / (PICTURE_SIZE * 1.4)),
  );
  for (const distractor of scene.distractors) drawDistractor(canvas, distractor);
}

function drawDistractor(canvas: ShapeCanvas, { shape, x, y, radius, angle, rgb }: Distractor): void {
  const frame = frameAt(x, y, angle);
  const extent = about(0, 0, radius * 1.1, radius * 1.1);
  if (shape === 'circle') canvas.paint(frame, extent, ellipse(0, 0, radius, radius), rgb);
  else if (shape === 'square') canvas.paint(frame, extent, roundedBox(0, 0, radius * 0.8, radius * 0.8, 0.5), rgb);
  else {
    const slope = Math.sqrt(3) / 2;
    canvas.paint(frame, extent, (u, v) => Math.max(v, slope * Math.abs(u) - 0.5 * v) - radius / 2, rgb);
  }
}

function drawShoulders(canvas: ShapeCanvas, scene: FaceScene, { frame, radiusU, radiusV }: FacePlaces): void {
  const upright = frameAt(frame.x, frame.y, frame.sin === 0 ? 0 : Math.atan2(frame.sin, frame.cos) * 0.3);
  const neck = radiusU * (scene.subject === 'man' ? 0.52 : 0.42);
  const shoulders = radiusU * (scene.subject === 'man' ? 1.9 : 1.65);
  const shade = scaled(scene.skin, 0.8);
  canvas.paint(upright, about(0, radiusV * 1.65, shoulders, radiusV * 0.65), ellipse(0, radiusV * 2.1, shoulders, radiusV * 0.95), (u) =>
    scaled(scene.clothing, 1 - (0.12 * Math.abs(u)) / shoulders),
  );
  canvas.paint(
    upright,
    about(0, radiusV * 1.0, neck, radiusV * 0.5),
    roundedBox(0, radiusV * 0.95, neck, radiusV * 0.42, neck * 0.6),
    shade,
  );
}

function drawHead(canvas: ShapeCanvas, scene: FaceScene, { frame, radiusU, radiusV }: FacePlaces): void {
  const lit = litSkin(scene, radiusU, radiusV);
  const earTurn = Math.sin(scene.yaw) * radiusU * 0.12;
  for (const side of [-1, 1]) {
    const u = side * radiusU * 0.99 - earTurn;
    const ear = radiusV * 0.16;
    canvas.paint(frame, about(u, 0.02 * radiusV, ear, ear * 1.4), ellipse(u, 0.02 * radiusV, ear, ear * 1.35), scaled(scene.skin, 0.9));
    canvas.paint(frame, about(u, 0.02 * radiusV, ear, ear), ellipse(u, 0.02 * radiusV, ear * 0.45, ear * 0.7), scaled(scene.skin, 0.74));
  }
  const extent = about(0, 0, radiusU, radiusV);
  canvas.paint(frame, extent, ellipse(0, 0, radiusU, radiusV), lit);
  for (const side of [-1, 1]) {
    const u = side * radiusU * 0.56 + Math.sin(scene.yaw) * radiusU * 0.6;
    const cheek = both(ellipse(u, radiusV * 0.3, radiusV * 0.18, radiusV * 0.13), ellipse(0, 0, radiusU, radiusV));
    canvas.paint(frame, about(u, radiusV * 0.3, radiusV * 0.2, radiusV * 0.16), cheek, [232, 106, 96], 0.16);
  }
  if (scene.beard) {
    const { mouth } = placesOf(scene);
    const bare = ellipse(Math.sin(scene.yaw) * radiusU, radiusV * 0.06, radiusU * 0.86, radiusV * 0.56);
    const beard = both(
      both(ellipse(0, 0, radiusU * 1.02, radiusV * 1.03), (u, v) => radiusV * 0.12 - v),
      (u, v) => -bare(u, v),
    );
    const moustache = Math.max(mouth.halfWidth, radiusV * 0.2);
    const lip = ellipse(Math.sin(scene.yaw) * radiusU, radiusV * 0.4, moustache * 1.1, radiusV * 0.075);
    canvas.paint(frame, about(0, radiusV * 0.55, radiusU * 1.05, radiusV * 0.52), any(beard, lip), scaled(scene.hair, 0.9));
  }
}

/** Skin lit from the scene's side, the head taken for an ellipsoid with a soft diffuse term. */
function litSkin(scene: FaceScene, radiusU: number, radiusV: number): (u: number, v: number) => Colour {
  const lightX = Math.cos(scene.lightAngle - scene.roll);
  const lightY = Math.sin(scene.lightAngle - scene.roll);
  return (u, v) => {
    const x = u / radiusU;
    const y = v / radiusV;
    const depth = Math.sqrt(Math.max(0, 1 - x * x - y * y));
    return scaled(scene.skin, 0.84 + 0.16 * depth + 0.1 * (x * lightX + y * lightY));
  };
}

function drawEye(canvas: ShapeCanvas, scene: FaceScene, { frame, radiusV }: FacePlaces, eye: EyePlace): void {
  const { u, v, radiusU: wide, radiusV: high } = eye;
  const extent = about(u, v, wide + 1.2, high + 1.2);
  const opening = ellipse(u, v, wide, high);
  canvas.paint(frame, extent, ellipse(u, v - 0.25, wide + 0.55, high + 0.55), INK, scene.subject === 'woman' ? 1 : 0.8);
  canvas.paint(frame, extent, opening, WHITE);
  const irisRadius = Math.min(wide * 0.62, radiusV * 0.14);
  const irisU = u + (scene.gaze * 0.3 + Math.sin(scene.yaw) * 0.3) * wide;
  canvas.paint(frame, extent, both(ellipse(irisU, v, irisRadius, irisRadius), opening), scene.iris);
  canvas.paint(frame, extent, both(ellipse(irisU, v, irisRadius * 0.52, irisRadius * 0.52), opening), [16, 12, 14]);
  const glint = irisRadius * 0.34;
  const side = Math.cos(scene.lightAngle) > 0 ? 1 : -1;
  canvas.paint(frame, extent, ellipse(irisU + side * irisRadius * 0.42, v - irisRadius * 0.42, glint, glint), [255, 255, 255]);
}

function drawBrows(canvas: ShapeCanvas, scene: FaceScene, { frame, leftEye, rightEye, radiusV }: FacePlaces): void {
  const colour = scaled(scene.hair, 0.7);
  for (const [eye, side] of [[leftEye, -1] as const, [rightEye, 1] as const]) {
    if (eye.radiusU <= 0) continue;
    const half = eye.radiusU * 0.95;
    const v = eye.v - scene.browHeight * radiusV - 0.4;
    const lift = Math.sin(scene.browTilt) * half;
    const brow = capsule(eye.u - half, v + side * -lift, eye.u + half, v + side * lift, scene.browThickness * radiusV);
    canvas.paint(frame, about(eye.u, v, half + 1.5, Math.abs(lift) + 1.8), brow, colour);
  }
}

function drawNose(canvas: ShapeCanvas, scene: FaceScene, { frame, nose }: FacePlaces): void {
  if (nose.radius <= 0) return;
  const side = Math.cos(scene.lightAngle) > 0 ? -1 : 1;
  const length = nose.tip - nose.top;
  const extent = about(nose.u, nose.top + length / 2, nose.radius * 2 + 1, length / 2 + nose.radius + 1);
  canvas.paint(
    frame,
    extent,
    capsule(nose.u + side * nose.radius * 0.7, nose.top, nose.u + side * nose.radius, nose.tip, 0.55),
    scaled(scene.skin, 0.72),
    0.75,
  );
  canvas.paint(frame, extent, ellipse(nose.u, nose.tip + 0.2, nose.radius * 1.5, nose.radius * 0.85), scaled(scene.skin, 0.7));
  canvas.paint(
    frame,
    extent,
    ellipse(nose.u, nose.tip - nose.radius * 0.35, nose.radius * 1.35, nose.radius * 0.9),
    scaled(scene.skin, 1.06),
  );
}

function drawMouth(canvas: ShapeCanvas, scene: FaceScene, { mouth, radiusV }: FacePlaces): void {
  const { frame, halfWidth, rise, openness } = mouth;
  if (halfWidth <= 0) return;
  const middle = (u: number): number => -rise * (u / halfWidth) ** 2;
  const lip = scene.subject === 'woman' ? 0.055 * radiusV : 0.042 * radiusV;
  const extent = about(0, -rise / 2 + openness / 2, halfWidth + 1.5, Math.abs(rise) + openness + lip + 2);
  if (openness === 0) {
    canvas.paint(frame, extent, arc(halfWidth, rise, lip + 0.25), scaled(scene.lips, 0.95));
    canvas.paint(frame, extent, arc(halfWidth * 0.96, rise, 0.32), scaled(scene.lips, 0.5));
    return;
  }
  const round = (grown: number): SignedDistance => {
    if (rise === 0) return ellipse(0, 0, halfWidth + grown, openness + grown);
    // An open laugh: bounded above by the curve of the lip, below by half an ellipse hung from it.
    return (u, v) => {
      const top = middle(u) - grown - v;
      const bottom = ellipse(0, -rise, halfWidth + grown, openness * 1.5 + rise + grown)(u, v);
      return Math.max(top, bottom);
    };
  };
  canvas.paint(frame, extent, round(lip), scene.lips);
  canvas.paint(frame, extent, round(0), [92, 22, 30]);
  if (rise > 0)
    canvas.paint(
      frame,
      extent,
      both(round(0), (u, v) => v - middle(u) - openness * 0.6),
      WHITE,
    );
}

/** Distance from a parabola through the corners (+-halfWidth, -rise) and the origin, thickened by a radius; near enough for flat curves. */
function arc(halfWidth: number, rise: number, radius: number): SignedDistance {
  const steps = 6;
  const points = Array.from({ length: steps + 1 }, (_, index) => {
    const u = halfWidth * ((2 * index) / steps - 1);
    return [u, -rise * (u / halfWidth) ** 2] as const;
  });
  return any(
    ...points.slice(1).map(([u, v], index) => {
      const [fromU, fromV] = points[index] ?? [u, v];
      return capsule(fromU, fromV, u, v, radius);
    }),
  );
}

function drawGlasses(canvas: ShapeCanvas, { frame, leftEye, rightEye, radiusU, radiusV }: FacePlaces): void {
  const rim: Colour = [44, 40, 48];
  const lens = radiusV * 0.285;
  for (const [eye, side] of [[leftEye, -1] as const, [rightEye, 1] as const]) {
    const outer = ellipse(eye.u, eye.v, lens * 0.98, lens * 0.92);
    const extent = about(eye.u, eye.v, lens + 1, lens + 1);
    canvas.paint(frame, extent, outer, [220, 236, 250], 0.16);
    canvas.paint(frame, extent, (u, v) => Math.abs(outer(u, v)) - 0.55, rim);
    const temple = capsule(eye.u + side * lens, eye.v, side * radiusU, eye.v - 0.5, 0.5);
    canvas.paint(frame, about((eye.u + side * radiusU) / 2, eye.v, radiusU, 2), temple, rim);
  }
  const bridge = capsule(leftEye.u + lens, leftEye.v - 0.6, rightEye.u - lens, rightEye.v - 0.6, 0.55);
  canvas.paint(frame, about((leftEye.u + rightEye.u) / 2, (leftEye.v + rightEye.v) / 2, radiusU, radiusV * 0.5), bridge, rim);
}

function drawHairBehind(canvas: ShapeCanvas, scene: FaceScene, { frame, radiusU, radiusV }: FacePlaces): void {
  const colour = scaled(scene.hair, 0.82);
  const everywhere = about(0, 0, radiusU * 2, radiusV * 2.2);
  const crown = ellipse(0, -0.1 * radiusV, radiusU * 1.2, radiusV * 1.1);
  switch (scene.hairStyle) {
    case 'long':
      canvas.paint(frame, everywhere, any(crown, roundedBox(0, radiusV * 0.62, radiusU * 1.24, radiusV * 0.85, radiusV * 0.3)), colour);
      break;
    case 'bob':
      canvas.paint(frame, everywhere, any(crown, roundedBox(0, radiusV * 0.2, radiusU * 1.26, radiusV * 0.6, radiusV * 0.28)), colour);
      break;
    case 'curly':
      canvas.paint(frame, everywhere, curls(radiusU, radiusV), colour);
      break;
    case 'bun':
      canvas.paint(
        frame,
        everywhere,
        any(ellipse(0, -1.22 * radiusV, radiusV * 0.36, radiusV * 0.32), ellipse(0, -0.1 * radiusV, radiusU * 1.06, radiusV * 1.02)),
        colour,
      );
      break;
    case 'short':
      canvas.paint(
        frame,
        everywhere,
        both(ellipse(0, -0.08 * radiusV, radiusU * 1.08, radiusV * 1.06), (u, v) => v - radiusV * 0.05),
        colour,
      );
      break;
    case 'bald':
      break;
  }
}

/** A ring of round curls about the upper head. */
function curls(radiusU: number, radiusV: number): SignedDistance {
  const count = 11;
  return any(
    ...Array.from({ length: count }, (_, index) => {
      const angle = Math.PI * (-0.22 + (1.44 * index) / (count - 1));
      return ellipse(-Math.cos(angle) * radiusU * 1.08, -Math.sin(angle) * radiusV * 0.98 - radiusV * 0.05, radiusV * 0.29, radiusV * 0.29);
    }),
  );
}

function drawHairInFront(canvas: ShapeCanvas, scene: FaceScene, { frame, radiusU, radiusV }: FacePlaces): void {
  if (scene.hairStyle === 'bald') return;
  const grown = scene.hairStyle === 'short' ? 1.07 : 1.09;
  const scalp = ellipse(0, -0.04 * radiusV, radiusU * grown, radiusV * grown);
  // The hairline is highest at the parting and falls toward the temples.
  const peak = scene.parting * radiusU * 0.4 + Math.sin(scene.yaw) * radiusU * 0.8;
  const fall = scene.hairStyle === 'short' ? 0.32 : scene.hairStyle === 'curly' ? 0.36 : 0.42;
  const line = (u: number): number =>
    (-scene.hairline - 0.08) * radiusV + fall * radiusV * Math.min(1.4, Math.abs(u - peak) / radiusU) ** 2;
  const fringe: SignedDistance = (u, v) => (v - line(u)) * 0.85;
  const lightX = Math.cos(scene.lightAngle - scene.roll);
  const lightY = Math.sin(scene.lightAngle - scene.roll);
  const lit = (u: number, v: number): Colour => scaled(scene.hair, 1.02 + 0.2 * ((u / radiusU) * lightX + (v / radiusV) * lightY));
  const extent = about(0, -0.35 * radiusV, radiusU * 1.2, radiusV * 0.9);
  canvas.paint(frame, extent, both(scalp, fringe), lit);
  if (scene.hairStyle === 'long' || scene.hairStyle === 'bob') {
    const down = (scene.hairStyle === 'long' ? 1.15 : 0.62) * radiusV;
    for (const side of [-1, 1]) {
      const lock = capsule(side * radiusU * 1.02, -0.35 * radiusV, side * radiusU * 1.08, down, radiusU * 0.17);
      canvas.paint(frame, about(side * radiusU * 1.05, (down - 0.35 * radiusV) / 2, radiusU * 0.3, radiusV * 0.95), lock, lit);
    }
  }
}

function drawHat(canvas: ShapeCanvas, scene: FaceScene, { frame, radiusU, radiusV }: FacePlaces): void {
  const brimV = -0.56 * radiusV;
  const crown = both(ellipse(0, -0.42 * radiusV, radiusU * 1.14, radiusV * 0.86), (u, v) => v - brimV);
  canvas.paint(frame, about(0, -0.9 * radiusV, radiusU * 1.25, radiusV * 0.5), crown, (u) =>
    scaled(scene.hatColour, 1 - (0.1 * Math.abs(u)) / radiusU),
  );
  const brim = capsule(-radiusU * 1.12, brimV, radiusU * 1.12, brimV, radiusV * 0.085);
  canvas.paint(frame, about(0, brimV, radiusU * 1.4, radiusV * 0.2), brim, scaled(scene.hatColour, 0.72));
}

function about(u: number, v: number, halfWidth: number, halfHeight: number): Extent {
  return { u, v, halfWidth, halfHeight };
}

function mixed(from: Colour, to: Colour, part: number): Colour {
  const t = Math.max(0, Math.min(1, part));
  return [from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t, from[2] + (to[2] - from[2]) * t];
}
