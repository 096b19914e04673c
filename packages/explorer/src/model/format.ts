/* Numbers for people: tabular, three significant figures, one space and the unit. */

const UNITS: readonly (readonly [number, string])[] = [
  [1, 'ns'],
  [1_000, 'µs'],
  [1_000_000, 'ms'],
  [1_000_000_000, 's'],
];
const MINUTE = 60_000_000_000;

/** `0`, `412 ns`, `1.24 ms`, `87.0 ms`, `2.31 s`, `4 min 12 s`, `3 h 05 min`. */
export function formatDuration(nano: number): string {
  if (!Number.isFinite(nano)) return '–';
  if (nano === 0) return '0';
  const size = Math.abs(nano);
  if (size >= 60 * MINUTE) {
    const minutes = Math.round(size / MINUTE);
    return `${sign(nano)}${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
  }
  if (size >= MINUTE) {
    const seconds = Math.round(size / 1e9);
    return `${sign(nano)}${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  }
  let [scale, unit] = UNITS[0]!;
  for (const [next, name] of UNITS) if (size >= next * 0.9995) [scale, unit] = [next, name];
  return `${figures(nano / scale, unit === 'ns')} ${unit}`;
}

const sign = (value: number): string => (value < 0 ? '−' : '');

function figures(value: number, whole: boolean): string {
  const size = Math.abs(value);
  const digits = whole ? 0 : size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  return `${sign(value)}${size.toFixed(digits)}`;
}

/** `842`, `12.4 k`, `3.1 M`. */
export function formatCount(value: number): string {
  if (value < 10_000) return value.toLocaleString('en');
  for (const [scale, unit] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (value >= scale * 0.9995) {
      const scaled = value / scale;
      return `${scaled >= 99.95 ? scaled.toFixed(0) : scaled.toFixed(1)} ${unit}`;
    }
  }
  return String(value);
}

/** `1 record`, `12.4 k records`. */
export const counted = (count: number, one: string): string => `${formatCount(count)} ${one}${count === 1 ? '' : 's'}`;

/** `0 %`, `0.4 %`, `12 %`; never rounds something to nothing. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent === 0) return '0 %';
  if (percent < 0.1) return '< 0.1 %';
  return percent < 9.95 ? `${percent.toFixed(1)} %` : `${percent.toFixed(0)} %`;
}

export function formatBytes(bytes: number): string {
  for (const [scale, unit] of [
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
  ] as const) {
    if (bytes >= scale) return `${(bytes / scale).toFixed(1)} ${unit}`;
  }
  return `${bytes} B`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `2026-11-20 04:25:44.123456` in the reader's time zone. */
export function formatMoment(unixNano: string): string {
  const nano = BigInt(unixNano);
  const date = new Date(Number(nano / 1_000_000n));
  const micros = String(Number((nano / 1_000n) % 1_000_000n)).padStart(6, '0');
  return `${formatDay(date)} ${formatClock(date)}.${micros}`;
}

/** The same with the zone it is in, and in UTC, so that two readers in two zones can tell that they mean the same moment. */
export function momentInFull(unixNano: string): string {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const micros = formatMoment(unixNano).slice(-6);
  const utc = new Date(Number(BigInt(unixNano) / 1_000_000n)).toISOString().slice(0, 19);
  return `${formatMoment(unixNano)} ${zone}\n${utc}.${micros}Z`;
}

export function formatDay(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function formatClock(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `3 s ago`, `12 min ago`, `5 h ago`, `2 d ago`. */
export function formatAgo(unixNano: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round(nowMs / 1000 - Number(BigInt(unixNano) / 1_000_000n) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** Round steps for an axis: the largest of 1, 2, 5 × 10ⁿ that gives at most `most` of them over `span`. */
export function niceStep(span: number, most: number): number {
  const rough = span / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  for (const factor of [1, 2, 5, 10]) if (factor * power >= rough) return factor * power;
  return 10 * power;
}
