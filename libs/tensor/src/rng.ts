// Seeded random numbers: the only source of randomness in nodes, so that a seed draws the same picture everywhere.

export interface Rng {
  /** Uniform in [0, 1), 32 random bits. */
  (): number;
  /** Standard normal values, float32. */
  normal(count: number): Float32Array;
  /** A whole number in [0, below). */
  integer(below: number): number;
  /** Where the stream is: four whole numbers of 32 bits. */
  state(): readonly number[];
  /** Goes on from where `state` was asked. */
  restore(state: readonly number[]): void;
}

/** splitmix32-seeded xoshiro128**, by Blackman and Vigna (public domain description). Any integer seed up to 2^53 gives its own stream. */
export function createRng(seed: number): Rng {
  let mix = (seed ^ Math.floor(seed / 2 ** 32)) >>> 0;
  const next32 = () => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let a = next32(),
    b = next32(),
    c = next32(),
    d = next32();
  const rotl = (x: number, k: number) => ((x << k) | (x >>> (32 - k))) >>> 0;
  const bits = () => {
    const result = Math.imul(rotl(Math.imul(b, 5), 7), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotl(d, 11);
    return result;
  };
  const rng = (() => bits() / 2 ** 32) as Rng;
  rng.normal = (count) => {
    const out = new Float32Array(count);
    for (let i = 0; i < count; i += 2) {
      // Box-Muller; 1 - u keeps the logarithm finite.
      const r = Math.sqrt(-2 * Math.log(1 - rng())),
        phi = 2 * Math.PI * rng();
      out[i] = r * Math.cos(phi);
      if (i + 1 < count) out[i + 1] = r * Math.sin(phi);
    }
    return out;
  };
  rng.integer = (below) => Math.floor(rng() * below);
  rng.state = () => [a, b, c, d].map((word) => word >>> 0);
  rng.restore = ([first = 0, second = 0, third = 0, fourth = 0]) => {
    [a, b, c, d] = [first, second, third, fourth];
  };
  return rng;
}
