/** The part of Layout Instability's `LayoutShift` that is needed; TypeScript's DOM has none of it. */
export interface LayoutShiftEntry {
  readonly startTime: number;
  readonly value: number;
  readonly hadRecentInput: boolean;
  readonly sources?: readonly { readonly node?: Node | null }[];
}

/** A burst of layout shifts: each at most a second after the one before, all within five seconds. */
export interface ShiftWindow {
  readonly value: number;
  readonly startMs: number;
  readonly endMs: number;
  /** What moved in the largest shift of it. */
  readonly node: Node | null | undefined;
}

const MAX_PAUSE_MS = 1_000;
const MAX_WINDOW_MS = 5_000;

/**
 * Cumulative Layout Shift: the sum of shifts in the worst burst of them, those within 500 ms of an input left out. `add` takes one and gives
 * back the worst burst so far. https://web.dev/articles/cls
 */
export function createLargestShifts(): { add(entry: LayoutShiftEntry): ShiftWindow | undefined } {
  let current: (ShiftWindow & { readonly largest: number }) | undefined;
  let worst: ShiftWindow | undefined;
  return {
    add({ startTime, value, hadRecentInput, sources }) {
      if (hadRecentInput) return worst;
      const goesOn =
        current && startTime - current.endMs < MAX_PAUSE_MS && startTime - current.startMs < MAX_WINDOW_MS
          ? current
          : { value: 0, startMs: startTime, largest: 0, node: undefined };
      const isLargest = value > goesOn.largest;
      current = {
        value: goesOn.value + value,
        startMs: goesOn.startMs,
        endMs: startTime,
        largest: isLargest ? value : goesOn.largest,
        node: isLargest ? sources?.[0]?.node : goesOn.node,
      };
      if (!worst || current.value > worst.value) worst = current;
      return worst;
    },
  };
}
