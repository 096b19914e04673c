import { unitWords } from './unit-words.js';

/**
 * How names of OpenTelemetry become names of Prometheus (specification "Prometheus Exporter", Translation Strategy), in the words of its configuration.
 * The default, `underscore_escaping_with_suffixes`, is what every Prometheus reads; names in UTF-8 are written only for a scraper that asks for them.
 */
export type TranslationStrategy =
  | 'underscore_escaping_with_suffixes'
  | 'underscore_escaping_without_suffixes'
  | 'no_utf8_escaping_with_suffixes'
  | 'no_translation';

export interface NameRules {
  readonly strategy: TranslationStrategy;
  /** The scraper takes names in UTF-8. */
  readonly allowUtf8: boolean;
}

export interface FamilyName {
  /** Without `_total`. */
  readonly name: string;
  /** In words, where it stands at the end of the name. */
  readonly unit: string;
  /** `_total` of a counter, where it has one. */
  readonly total: string;
}

/** The name of a metric, with its unit behind it and, for a counter, what stands behind that. */
export function familyName(
  name: string,
  unit: string,
  isCounter: boolean,
  { strategy, allowUtf8 }: NameRules,
): FamilyName {
  const withSuffixes = strategy.endsWith('with_suffixes');
  const keepsUtf8 = strategy.startsWith('no_');
  const written = keepsUtf8 && allowUtf8 ? (text: string) => text : metricName;
  const bare = isCounter ? name.replace(/_total$/, '') : name;
  const words = withSuffixes ? metricName(unitWords(unit)).replace(/^_|_$/g, '') : '';
  const escaped = written(bare);
  const hasUnit = words !== '' && (escaped === words || escaped.endsWith(`_${words}`) || escaped.endsWith(`.${words}`));
  return {
    name: words && !hasUnit ? `${escaped.replace(/_$/, '')}_${words}` : escaped,
    unit: words,
    total: isCounter && (withSuffixes || bare !== name) ? '_total' : '',
  };
}

const metricName = (name: string): string => clean(name, /[^A-Za-z0-9_:]/g);

/** The name of a label. */
export const labelName = (key: string, { strategy, allowUtf8 }: NameRules): string =>
  strategy === 'no_translation' && allowUtf8 ? key : clean(key, /[^A-Za-z0-9_]/g);

const clean = (name: string, wrong: RegExp): string =>
  name
    .replace(wrong, '_')
    .replace(/_{2,}/g, '_')
    .replace(/^(?=\d)/, '_');

/** Names beyond the classic ones stand in quotes; only those of metrics may have colons. */
export const isClassicName = (name: string): boolean => /^[A-Za-z_:][A-Za-z0-9_:]*$/.test(name);
export const isClassicLabel = (name: string): boolean => !name.includes(':') && isClassicName(name);
