/** Equal pieces of memory that is taken once: one for each span that is open. */
export interface SpanSlots {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly slotBytes: number;
  /** How many are in use. */
  readonly taken: number;
  /** Where a free one begins; -1 where all are in use. */
  take(): number;
  giveBack(at: number): void;
}

export function createSpanSlots(count: number, slotBytes: number): SpanSlots {
  const free = new Uint8Array(count).fill(1);
  const slots: SpanSlots & { taken: number } = {
    bytes: new Uint8Array(count * slotBytes),
    slotBytes,
    taken: 0,
    take() {
      const index = free.indexOf(1);
      if (index < 0) return -1;
      free[index] = 0;
      slots.taken++;
      return index * slotBytes;
    },
    giveBack(at) {
      free[at / slotBytes] = 1;
      slots.taken--;
    },
  };
  return slots;
}
