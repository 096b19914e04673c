/* The stretch of the trace that is on the screen, in nanoseconds since its start. */

export interface ViewWindow {
  readonly from: number;
  readonly to: number;
}

/** Closer than this nothing is left to see. Nanoseconds. */
const NARROWEST = 100;

export function clampWindow({ from, to }: ViewWindow, durationNano: number): ViewWindow {
  const whole = Math.max(durationNano, NARROWEST);
  const width = Math.min(whole, Math.max(NARROWEST, to - from));
  const start = Math.max(0, Math.min(from, whole - width));
  return { from: start, to: start + width };
}

/** `factor` below 1 zooms in; `at` stays where it is. */
export function zoomWindow({ from, to }: ViewWindow, factor: number, at: number, durationNano: number): ViewWindow {
  const width = Math.min(Math.max(durationNano, NARROWEST), Math.max(NARROWEST, (to - from) * factor));
  const share = (at - from) / (to - from);
  return clampWindow({ from: at - width * share, to: at + width * (1 - share) }, durationNano);
}

export function panWindow({ from, to }: ViewWindow, by: number, durationNano: number): ViewWindow {
  return clampWindow({ from: from + by, to: to + by }, durationNano);
}

/** A window around a stretch, with some air at both sides. */
export function fitWindow(from: number, to: number, durationNano: number): ViewWindow {
  const air = Math.max((to - from) * 0.08, NARROWEST);
  return clampWindow({ from: from - air, to: to + air }, durationNano);
}

/** Moves the window, without zooming, so that a stretch is seen; as it was when some of it already is. */
export function showInWindow(view: ViewWindow, from: number, to: number, durationNano: number): ViewWindow {
  if (to >= view.from && from <= view.to) return view;
  const width = view.to - view.from;
  return clampWindow({ from: from - width * 0.15, to: from + width * 0.85 }, durationNano);
}
