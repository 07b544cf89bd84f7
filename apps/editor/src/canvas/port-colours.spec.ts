import { port, type PortType } from '@facewright/core';
import { describe, expect, it } from 'vitest';
import { missingColour, portColour } from './port-colours.ts';
import { theme } from './theme.ts';

const types: readonly PortType[] = [
  port.image().type,
  port.images().type,
  port.faces().type,
  port.prompts().type,
  port.pairs().type,
  port.scores().type,
  port.judgements().type,
  port.training().type,
  port.report().type,
  port.models().type,
  port.variants().type,
  port.metrics().type,
  port.text().type,
  port.number({ min: 0, max: 1 }).type,
  port.boolean().type,
  port.choice(['a']).type,
  port.seed().type,
  port.path().type,
  ...['diffusion', 'face-score', 'face-detector', 'features', 'dino', 'third-party'].map((family) => port.model(family).type),
];
/** Relative luminance, WCAG 2.2. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
const contrast = (a: string, b: string): number => {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
};

describe('port colours', () => {
  it('are at least 3 to 1 on the body of a node and on the canvas, as WCAG asks of graphics', () => {
    for (const colour of [...types.map(portColour), missingColour]) {
      expect(contrast(colour, theme.body), colour).toBeGreaterThanOrEqual(3);
      expect(contrast(colour, theme.canvas), colour).toBeGreaterThanOrEqual(3);
    }
  });
  it('tell data kinds and model families apart; one picture and a list of them are the same data', () => {
    const data = types
      .filter(({ kind }) => !['image', 'text', 'number', 'boolean', 'choice', 'seed', 'path'].includes(kind))
      .map(portColour);
    expect(new Set(data).size).toBe(data.length);
    expect(portColour(port.image().type)).toBe(portColour(port.images().type));
  });
});

describe('text colours of the canvas', () => {
  it('are at least 4.5 to 1 on the surfaces they are written on', () => {
    for (const ink of [theme.text, theme.soft, theme.accent, theme.good, theme.cached, theme.bad])
      for (const surface of [theme.body, theme.header, theme.field])
        expect(contrast(ink, surface), `${ink} on ${surface}`).toBeGreaterThanOrEqual(4.5);
    expect(contrast(theme.faint, theme.field)).toBeGreaterThanOrEqual(4.5);
  });
});
