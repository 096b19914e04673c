/** The part of `PerformanceEventTiming` that is needed; `interactionId` is 0 for events that are no interaction. */
export interface EventEntry {
  readonly interactionId?: number;
  readonly startTime: number;
  readonly duration: number;
  readonly target?: Node | null;
}

/** More are not looked at: of 500 interactions the tenth slowest counts. */
const KEPT = 10;
/** One in so many may be an outlier. */
const OUTLIER_SHARE = 50;

/**
 * Interaction to Next Paint: from the input to the frame that shows what came of it, for the slowest interaction; the slowest one of
 * every 50 is left out. An interaction's events (`pointerdown`, `pointerup`, `click`) count as the longest of them.
 * https://web.dev/articles/inp
 */
export function createSlowestInteractions(): {
  add(entry: EventEntry): void;
  /** `interactions`: how many there were, where the browser counts also those too quick to be told of. */
  worst(interactions?: number): EventEntry | undefined;
} {
  let slowest: EventEntry[] = [];
  const seen = new Set<number>();
  return {
    add(entry) {
      const { interactionId } = entry;
      if (!interactionId) return;
      seen.add(interactionId);
      const same = slowest.find((each) => each.interactionId === interactionId);
      if (same && same.duration >= entry.duration) return;
      slowest = [...slowest.filter((each) => each !== same), entry]
        .sort((a, b) => b.duration - a.duration)
        .slice(0, KEPT);
    },
    worst: (interactions = seen.size) =>
      slowest[Math.min(slowest.length - 1, Math.floor(interactions / OUTLIER_SHARE))],
  };
}
