// The rule of torch.amp.GradScaler: when the scale grows and when it shrinks.
import { expect, it } from 'vitest';
import { createLossScaler } from './loss-scaler.ts';

const seen = (scaler: ReturnType<typeof createLossScaler>, finite: boolean, times: number) => {
  for (let i = 0; i < times; i++) scaler.saw(finite);
  return [scaler.scale, scaler.skipped];
};

it('begins with 65536, doubles after 2000 finite steps in a row and halves at each that is not', () => {
  const scaler = createLossScaler();
  expect(seen(scaler, true, 1999)).toEqual([65_536, 0]);
  expect(seen(scaler, true, 1)).toEqual([131_072, 0]);
  expect(seen(scaler, true, 1999)).toEqual([131_072, 0]);
  expect(seen(scaler, false, 1)).toEqual([65_536, 1]);
  expect(seen(scaler, true, 1999)).toEqual([65_536, 1]);
  expect(seen(scaler, false, 2)).toEqual([16_384, 3]);
});
it('does not grow beyond what float32 holds', () => {
  const scaler = createLossScaler();
  expect(seen(scaler, true, 2000 * 200)).toEqual([2 ** 127, 0]);
});
it('goes on where it was saved, and begins where nothing was', () => {
  const scaler = createLossScaler();
  seen(scaler, false, 1);
  seen(scaler, true, 1500);
  const saved = scaler.save();
  seen(scaler, false, 1);
  const again = createLossScaler();
  again.restore(JSON.parse(JSON.stringify(saved)) as typeof saved);
  expect(seen(again, true, 500)).toEqual([65_536, 1]);
  const fresh = createLossScaler();
  fresh.restore({ data: undefined });
  expect(seen(fresh, true, 1)).toEqual([65_536, 0]);
});
