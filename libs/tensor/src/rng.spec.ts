import { expect, it } from 'vitest';
import { createRng } from './rng.ts';

it('gives the same numbers for the same seed and others for another, also beyond 32 bits', () => {
  expect([...createRng(5).normal(4)]).toEqual([...createRng(5).normal(4)]);
  expect([...createRng(5).normal(4)]).not.toEqual([...createRng(5 + 2 ** 32).normal(4)]);
});
it('draws uniform numbers whose every tenth holds a tenth', () => {
  const rng = createRng(1);
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) counts[Math.floor(rng() * 10)]! += 1;
  // Standard deviation of a count is 95: five of them.
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(475);
});
it('draws normal numbers with mean 0, deviation 1 and thin tails', () => {
  const values = createRng(2).normal(100_000);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.016);
  expect(Math.abs(variance - 1)).toBeLessThan(0.023);
  const beyond = values.filter((v) => Math.abs(v) > 1.96).length / values.length;
  expect(Math.abs(beyond - 0.05)).toBeLessThan(0.0035);
});
it('draws whole numbers below a bound', () => {
  const rng = createRng(3);
  expect(new Set(Array.from({ length: 200 }, () => rng.integer(4)))).toEqual(new Set([0, 1, 2, 3]));
});
it('goes on from a state that went through JSON', () => {
  const rng = createRng(7);
  rng.normal(5);
  const state = JSON.parse(JSON.stringify(rng.state())) as number[];
  const rest = [...rng.normal(7), rng.integer(1e9), rng()];
  const other = createRng(8);
  other.restore(state);
  expect([...other.normal(7), other.integer(1e9), other()]).toEqual(rest);
});
