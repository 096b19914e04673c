import { plainValue } from '../../core/logs/plain-value.js';

/** A text of this many UTF-16 units says enough: a console shows objects of any size. */
const maxLength = 16_384;

/** The parts of a console call as one text (Console standard, "Formatter"): `%s`, `%d`, `%o` and the like are filled, the rest is put behind. */
export function formatMessage(parts: readonly unknown[]): string {
  const [first, ...rest] = parts;
  let text: string;
  if (typeof first === 'string') {
    text = first.replace(/%([sdifjoOc%])/g, (given, kind: string) => {
      if (kind === '%') return '%';
      if (!rest.length) return given;
      const part = rest.shift();
      if (kind === 'c') return '';
      if (kind === 's') return textOf(part);
      if (kind === 'd' || kind === 'f') return String(numberOf(part, Number));
      if (kind === 'i') return String(numberOf(part, (value) => Math.trunc(Number.parseFloat(String(value)))));
      return textOf(part);
    });
  } else text = parts.length ? textOf(first) : '';
  for (const part of rest) text += ` ${textOf(part)}`;
  return text.length > maxLength ? text.slice(0, maxLength) : text;
}

const numberOf = (part: unknown, read: (part: unknown) => number): number | bigint =>
  typeof part === 'bigint' ? part : typeof part === 'symbol' || typeof part === 'object' ? Number.NaN : read(part);

function textOf(part: unknown): string {
  if (typeof part === 'string') return part;
  if (part instanceof Error) return `${part.name}: ${part.message}`;
  if (typeof part === 'function') return `[function ${part.name || 'without a name'}]`;
  if (typeof part !== 'object' || part === null) return String(part);
  return JSON.stringify(plainValue(part, { lengthLimit: maxLength }), (_key, value) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
}
