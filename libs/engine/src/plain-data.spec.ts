import { describe, expect, it } from 'vitest';
import { canonicalJson, freezeData } from './plain-data.ts';

describe('canonicalJson', () => {
  it('does not depend on the order of keys, in depth', () =>
    expect(canonicalJson({ b: [{ y: 1, x: 2 }], a: null })).toBe('{"a":null,"b":[{"x":2,"y":1}]}'));
  it('sorts keys by code unit, whatever the language of the machine', () =>
    expect(canonicalJson({ é: 1, z: 2, Z: 3, '😀': 4, '': 5 })).toBe('{"":5,"Z":3,"z":2,"é":1,"😀":4}'));
  it('writes -0 as 0 and leaves out what is undefined', () => expect(canonicalJson({ a: -0, b: undefined })).toBe('{"a":0}'));
  it('keeps numbers apart that differ in the last bit', () => expect(canonicalJson(0.1 + 0.2)).not.toBe(canonicalJson(0.3)));
  it('keeps a number apart from its text', () => expect(canonicalJson(1)).not.toBe(canonicalJson('1')));
  it.each([
    [{ a: { b: Number.NaN } }, 'value.a.b: expected plain data, got NaN'],
    [[1, Infinity], 'value[1]: expected plain data, got Infinity'],
    [{ a: new Map() }, 'value.a: expected plain data, got a Map'],
  ])('refuses %o instead of writing null', (value, message) => expect(() => canonicalJson(value)).toThrow(message));
});

describe('freezeData', () => {
  it('freezes in depth', () => {
    const value = freezeData({ a: [{ b: 1 }] }, 'x');
    expect(() => {
      value.a[0]!.b = 2;
    }).toThrow(TypeError);
    expect(() => value.a.push({ b: 3 })).toThrow(TypeError);
  });
  it('accepts one part in two places', () => {
    const part = { n: 1 };
    expect(freezeData({ a: part, b: part }, 'x')).toEqual({ a: { n: 1 }, b: { n: 1 } });
  });
  const loop: { self?: unknown } = {};
  loop.self = loop;
  it.each([
    [{ t: new Float32Array(2) }, 'x.t: expected plain data, got a Float32Array'],
    [{ f: () => 1 }, 'x.f: expected plain data, got a function'],
    [{ n: 1n }, 'x.n: expected plain data, got a bigint'],
    [[new Date(0)], 'x[0]: expected plain data, got a Date'],
    [loop, 'x.self: expected plain data, got a value that contains itself'],
  ])('refuses what would not survive JSON: %o', (value, message) =>
    expect(() => freezeData(value, 'x')).toThrow(expect.objectContaining({ code: 'ENGINE_NOT_DATA', message })),
  );
});
