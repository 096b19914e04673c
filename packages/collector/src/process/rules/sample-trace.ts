/** 2^56: thresholds and randomness have 56 bits (opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling). */
const ALL = 1n << 56n;

export type Sampled =
  | { readonly isKept: false }
  /** `traceState` says the threshold now; absent where it is as it was. */
  | { readonly isKept: true; readonly traceState?: string };

/**
 * Whether spans of a trace are among the `share` that is kept: by the trace's own randomness alone, so that parent and child, first and second copy, and every
 * collector with this share decide alike. A span that was sampled more strictly before (`ot=th`) is kept as it is.
 */
export function sampleTrace(traceId: Uint8Array, traceState: string, share: number): Sampled {
  const threshold = ALL - BigInt(Math.round(share * Number(ALL)));
  const members = traceState.split(',').map((member) => member.trim());
  const at = members.findIndex((member) => member.startsWith('ot='));
  const fields = at < 0 ? [] : members[at]!.slice(3).split(';');
  const fieldOf = (key: string): string | undefined => fields.find((field) => field.startsWith(`${key}:`))?.slice(3);
  const explicit = fieldOf('rv');
  const randomness =
    explicit !== undefined && /^[0-9a-f]{14}$/.test(explicit)
      ? BigInt(`0x${explicit}`)
      : BigInt(`0x${Buffer.from(traceId.subarray(9, 16)).toString('hex') || '0'}`);
  const before = fieldOf('th');
  const earlier = before !== undefined && /^[0-9a-f]{1,14}$/.test(before) ? BigInt(`0x${before.padEnd(14, '0')}`) : 0n;
  if (earlier >= threshold) return { isKept: true };
  if (randomness < threshold) return { isKept: false };
  const th = `th:${threshold.toString(16).padStart(14, '0').replace(/0+$/, '') || '0'}`;
  const own = `ot=${[th, ...fields.filter((field) => field !== '' && !field.startsWith('th:'))].join(';')}`;
  return {
    isKept: true,
    traceState: [own, ...members.filter((member, index) => index !== at && member !== '')].join(','),
  };
}
