/** 32 bits as 8 lowercase hex digits. */
export const hexOf = (word: number): string => ((word >>> 0) + 0x1_0000_0000).toString(16).slice(1);

/** 8 hex digits of `text` from `at` on as an int32. */
export const wordOf = (text: string, at: number): number => Number.parseInt(text.slice(at, at + 8), 16) | 0;

export const traceIdHex = (t0: number, t1: number, t2: number, t3: number): string =>
  hexOf(t0) + hexOf(t1) + hexOf(t2) + hexOf(t3);
