import { colourIndex, SERVICE_COLOURS } from '../../model/service-colour.js';
import type { Theme } from '../../parts/theme.js';

/** The page's colours as a canvas needs them; read once a theme. */
export interface CanvasColours {
  readonly ground: string;
  readonly raised: string;
  readonly hover: string;
  readonly select: string;
  readonly line: string;
  readonly lineStrong: string;
  readonly text: string;
  readonly text2: string;
  readonly text3: string;
  readonly accent: string;
  readonly error: string;
  readonly warning: string;
  readonly path: string;
  readonly sans: string;
  /** By service index: for self time, and for time spent in children. */
  readonly strong: readonly string[];
  readonly soft: readonly string[];
}

export function canvasColours(theme: Theme, services: readonly string[]): CanvasColours {
  const style = getComputedStyle(document.documentElement);
  const property = (name: string): string => style.getPropertyValue(name).trim();
  const ground = property('--ground');
  const strong = services.map((service) => SERVICE_COLOURS[theme][colourIndex(service)]!);
  return {
    ground,
    raised: property('--raised'),
    hover: property('--hover'),
    select: property('--select'),
    line: property('--line'),
    lineStrong: property('--line-strong'),
    text: property('--text'),
    text2: property('--text-2'),
    text3: property('--text-3'),
    accent: property('--accent'),
    error: property('--error'),
    warning: property('--warning'),
    path: property('--path'),
    sans: property('--sans'),
    strong,
    soft: strong.map((colour) => mix(colour, ground, theme === 'dark' ? 0.42 : 0.36)),
  };
}

/** `#rrggbb`, or `#rgb` as a minifier writes it. */
function channels(hex: string): readonly number[] {
  const full = hex.length === 4 ? hex.replace(/[0-9a-f]/gi, '$&$&') : hex;
  return [1, 3, 5].map((at) => Number.parseInt(full.slice(at, at + 2), 16));
}

/** `share` of `colour` over `ground`. */
function mix(colour: string, ground: string, share: number): string {
  const over = channels(colour);
  const under = channels(ground);
  const mixed = over.map((value, at) => Math.round(value * share + under[at]! * (1 - share)));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
