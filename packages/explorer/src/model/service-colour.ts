/*
 * A service keeps its colour everywhere and for ever: a hash of its name picks from a fixed palette. The ten hues leave out
 * red (errors) and amber (warnings); they were searched for the greatest distance in OKLab between any two, for usual
 * sight and for protanopia, deuteranopia and tritanopia together, with a contrast of at least 3 : 1 to the ground. The test
 * beside this file measures it again. Entry `i` is the same hue in both themes.
 */

export const SERVICE_COLOURS: Readonly<Record<'dark' | 'light', readonly string[]>> = {
  dark: ['#d0d46a', '#91e79f', '#5bc2b0', '#68d3f6', '#5699eb', '#a8a3fe', '#9a6fca', '#c97dc2', '#cba78e', '#818e9f'],
  light: ['#616302', '#3d9b52', '#056c5f', '#035468', '#256fc3', '#7f73e0', '#5d2c8a', '#a959a2', '#654025', '#5b6c82'],
};

/** Chosen among many so that the services of the programs in examples/ have different colours. It must never change. */
const SEED = 0xf62e182e;

/** FNV-1a over the UTF-16 units with a seed of its own, finished so that names differing in their last letter fall apart. */
export function colourIndex(service: string): number {
  let hash = SEED;
  for (let at = 0; at < service.length; at++) hash = Math.imul(hash ^ service.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  hash ^= hash >>> 15;
  return (hash >>> 0) % SERVICE_COLOURS.dark.length;
}

/** For style attributes: follows the theme. The properties are set by `shell/theme.ts`. */
export function serviceColour(service: string): string {
  return `var(--service-${colourIndex(service)})`;
}
