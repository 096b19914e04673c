import { describe, expect, test } from 'vitest';
import { colourIndex, SERVICE_COLOURS } from './service-colour.js';

/* Colour vision after Machado, Oliveira and Fernandes (2009), severity 1; distances in OKLab, where 0.02 is just noticeable. */

type Triple = readonly [number, number, number];
const SIGHT: Readonly<Record<string, readonly Triple[]>> = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
const GROUND = { dark: '#0f1216', light: '#ffffff' } as const;
const ERROR = { dark: '#ff6b5e', light: '#c8202c' } as const;

function linear(hex: string): Triple {
  const channel = (at: number): number => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}
const seen = (matrix: readonly Triple[], [r, g, b]: Triple): Triple =>
  matrix.map((row) => Math.max(0, Math.min(1, row[0] * r + row[1] * g + row[2] * b))) as unknown as Triple;

function oklab([r, g, b]: Triple): Triple {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}
const distance = (a: Triple, b: Triple): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
const luminance = ([r, g, b]: Triple): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;
function contrast(a: string, b: string): number {
  const [high, low] = [luminance(linear(a)), luminance(linear(b))].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

describe.each(['dark', 'light'] as const)('the palette of services, %s', (theme) => {
  const colours = SERVICE_COLOURS[theme];

  test.each(Object.keys(SIGHT))('any two, and each and red, are told apart with %s', (sight) => {
    const all = [...colours, ERROR[theme]].map((colour) => oklab(seen(SIGHT[sight]!, linear(colour))));
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < all.length; i++) {
      for (let j = i + 1; j < all.length; j++) least = Math.min(least, distance(all[i]!, all[j]!));
    }
    expect(least).toBeGreaterThan(0.045);
  });

  test('stands out from the ground by at least 3 : 1', () => {
    for (const colour of colours) expect(contrast(colour, GROUND[theme])).toBeGreaterThanOrEqual(3);
  });
});

test('a service keeps its colour for ever', () => {
  expect(['shop-page', 'shop-api', 'shop-payment', 'checkout', ''].map(colourIndex)).toEqual([3, 5, 1, 0, 1]);
});

test('names spread over the whole palette', () => {
  const counts = new Array<number>(SERVICE_COLOURS.dark.length).fill(0);
  for (let i = 0; i < 5_000; i++) counts[colourIndex(`service-${i}`)]!++;
  for (const count of counts) expect(count).toBeGreaterThan(380);
});
