import type { Signal } from '../signal.js';

/** What is done to an attribute, or to the part of a text that a pattern finds. */
type Action = 'delete' | 'replace' | 'hash';

export interface RedactRule {
  /** As it was given, for the counters. */
  readonly name: string;
  readonly action: Action;
  /** Of the attribute's key; or else `value`. */
  readonly key?: RegExp | undefined;
  readonly value?: RegExp | undefined;
  /** Whether what `value` found is meant (a check digit). */
  readonly isMeant?: ((found: string) => boolean) | undefined;
}

interface DropRule {
  readonly name: string;
  readonly signal: Signal;
  /** `name`, `service`, or the key of an attribute of the item or its resource. */
  readonly field: string;
  readonly is: RegExp;
}

export interface Rules {
  readonly redact: readonly RedactRule[];
  readonly drop: readonly DropRule[];
  /** Share of traces that is kept, above 0; 1 and `undefined` keep all. */
  readonly sample?: number | undefined;
}

export class RuleError extends Error {}

/** Without `/` at its ends: `*` stands for anything, `?` for one sign; capitals do not count. */
function glob(pattern: string): RegExp {
  const text = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${text}$`, 'is');
}

const keys = (name: string, ...patterns: string[]): RedactRule[] =>
  patterns.map((pattern) => ({ name, action: 'replace', key: glob(pattern) }));
const values = (name: string, value: RegExp, isMeant?: (found: string) => boolean): RedactRule => ({
  name,
  action: 'replace',
  value,
  isMeant,
});

/** What people most often must not keep. Quantifiers have limits, so that no text takes longer than its length. */
const PRESETS: Readonly<Record<string, readonly RedactRule[]>> = {
  tokens: [
    ...keys(
      'tokens',
      '*authorization',
      '*password*',
      '*passwd*',
      '*secret*',
      '*token',
      '*api?key*',
      '*apikey*',
      '*private?key*',
    ),
    values('tokens', /\b(?:bearer|basic) {1,4}[\w.~+/=-]{8,4096}/gi),
    values('tokens', /\beyJ[\w-]{8,4096}\.[\w-]{8,4096}\.[\w-]{0,1024}/g),
    values('tokens', /\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_\w{20,255}|xox[abprs]-[\w-]{10,255}|sk[-_][\w-]{20,255})\b/g),
  ],
  cookies: keys('cookies', '*cookie', '*cookies', '*cookie.*'),
  cards: [values('cards', /\b\d(?:[ -]?\d){12,18}\b/g, hasCheckDigit)],
  emails: [values('emails', /\b[\w.%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}\b/gi)],
};

/** Luhn's check digit, which numbers of cards have and one in ten others. */
function hasCheckDigit(found: string): boolean {
  const digits = found.replace(/\D/g, '');
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = Number(digits[digits.length - 1 - at]);
    const twice = digit * 2;
    sum += at % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
}

/** `tokens`, `delete:KEY`, `hash:KEY`, `replace:KEY`, `replace:/PATTERN/`. Throws `RuleError`. */
function redactRules(rule: string): readonly RedactRule[] {
  const preset = Object.hasOwn(PRESETS, rule) ? PRESETS[rule] : undefined;
  if (preset !== undefined) return preset;
  const [, action, pattern] = /^(delete|replace|hash):(.+)$/s.exec(rule) ?? [];
  if (action === undefined || pattern === undefined)
    throw new RuleError(
      `"${rule}" is none of ${Object.keys(PRESETS).join(', ')}, nor of the form delete:KEY, replace:KEY, hash:KEY or replace:/PATTERN/`,
    );
  const regular = /^\/(.+)\/(i?)$/s.exec(pattern);
  if (regular === null) return [{ name: rule, action: action as Action, key: glob(pattern) }];
  try {
    return [{ name: rule, action: action as Action, value: new RegExp(regular[1]!, `g${regular[2]}`) }];
  } catch (error) {
    throw new RuleError(`the pattern of "${rule}" cannot be read: ${(error as Error).message}`);
  }
}

/** `traces:name=GET /health*`, `logs:service=chatty`, `metrics:name=jvm.*`, `traces:http.route=/ready`. Throws `RuleError`. */
function dropRule(rule: string): DropRule {
  const [, signal, field, is] = /^(traces|metrics|logs):([^=]+)=(.*)$/s.exec(rule) ?? [];
  if (signal === undefined || field === undefined || is === undefined)
    throw new RuleError(
      `"${rule}" is not of the form traces:name=GET /health*, with traces, metrics or logs, and name, service or the key of an attribute`,
    );
  return { name: rule, signal: signal as Signal, field, is: glob(is) };
}

/** `undefined` where nothing is to be done. Throws `RuleError`, whose message begins with the setting. */
export function readRules(given: {
  readonly redact: readonly string[];
  readonly drop: readonly string[];
  readonly sample?: string | undefined;
}): Rules | undefined {
  const within = <T>(setting: string, read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw error instanceof RuleError ? new RuleError(`${setting}: ${error.message}.`) : error;
    }
  };
  const redact = given.redact.flatMap((rule) => within('--redact', () => redactRules(rule)));
  const drop = given.drop.map((rule) => within('--drop', () => dropRule(rule)));
  const percent = given.sample === undefined ? 100 : Number(given.sample.replace(/%$/, ''));
  if (!(percent > 0 && percent <= 100))
    throw new RuleError(`--sample must be a share of traces in percent, above 0 and up to 100, not "${given.sample}".`);
  if (redact.length === 0 && drop.length === 0 && percent === 100) return undefined;
  return { redact, drop, sample: percent === 100 ? undefined : percent / 100 };
}
