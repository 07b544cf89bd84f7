// Loaded before everything else into a process whose clock is to jump, back and forth by up to ten years, twice a second.
const RealDate = Date;
const YEAR_MS = 365 * 86_400_000;
let shift = 0;
setInterval(() => {
  shift = (Math.random() - 0.5) * 20 * YEAR_MS;
}, 500).unref();

class JumpingDate extends RealDate {
  constructor(...given: readonly unknown[]) {
    if (given.length === 0) super(JumpingDate.now());
    else super(...(given as [number]));
  }
  static override now(): number {
    return Math.round(RealDate.now() + shift);
  }
}
globalThis.Date = JumpingDate as DateConstructor;
