import type { Diagnostic } from '../../../core/options.js';

/** The variables as `process.env` has them. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/**
 * Typed reading of environment variables by the rules of the OpenTelemetry specification ("Environment Variable
 * Specification", section "Parsing empty value" and following): an empty value is an unset one; a value that cannot be
 * read is reported through `diagnostics` and counts as unset. Reading never throws.
 */
export interface Environment {
  readonly diagnostics: Diagnostic[];
  /** Trimmed; `undefined` where unset or empty. */
  string(name: string): string | undefined;
  /** `true` only for "true" in any case; anything but "true" and "false" is reported and means `false`. */
  boolean(name: string): boolean | undefined;
  /** A whole number of at least `min` (default 0). */
  integer(name: string, min?: number): number | undefined;
  /** Any finite number within the bounds, both inclusive. */
  number(name: string, min: number, max: number): number | undefined;
  /** One of `known`, compared without case. */
  oneOf<T extends string>(name: string, known: readonly T[]): T | undefined;
  /** Comma-separated, trimmed, empty members left out; `undefined` where nothing remains. */
  list(name: string): readonly string[] | undefined;
  /** `key=value,key=value`, percent-decoded. One bad member discards all of it, as the specification says of resources. */
  pairs(name: string): Readonly<Record<string, string>> | undefined;
  reject(name: string, why: string): void;
}

export function createEnvironment(variables: EnvironmentVariables): Environment {
  const diagnostics: Diagnostic[] = [];

  const reject = (name: string, why: string): void => {
    const message = `${name} is ignored: ${why}.`;
    // Some variables are read once for each signal.
    if (diagnostics.some((said) => said.message === message)) return;
    diagnostics.push({ level: 'warn', code: 'invalid-environment', message });
  };

  let readable = true;
  const string = (name: string): string | undefined => {
    if (!readable) return undefined;
    try {
      return variables[name]?.trim() || undefined;
    } catch (error) {
      // Deno throws where the program was not given `--allow-env`; it is asked once.
      readable = false;
      diagnostics.push({
        level: 'info',
        code: 'environment-unreadable',
        message: `No variables are read: ${error instanceof Error ? error.message : error}`,
      });
      return undefined;
    }
  };

  return {
    diagnostics,
    string,
    reject,
    boolean(name) {
      const text = string(name)?.toLowerCase();
      if (text === undefined) return undefined;
      if (text !== 'true' && text !== 'false')
        reject(name, `"${text}" is neither "true" nor "false"; it counts as false`);
      return text === 'true';
    },
    integer(name, min = 0) {
      const text = string(name);
      if (text === undefined) return undefined;
      const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
      if (value >= min) return value;
      reject(name, `"${text}" is not a whole number of at least ${min}`);
      return undefined;
    },
    number(name, min, max) {
      const text = string(name);
      if (text === undefined) return undefined;
      const value = Number(text);
      if (value >= min && value <= max) return value;
      reject(name, `"${text}" is not a number from ${min} to ${max}`);
      return undefined;
    },
    oneOf(name, known) {
      const text = string(name);
      if (text === undefined) return undefined;
      const found = known.find((value) => value.toLowerCase() === text.toLowerCase());
      if (found === undefined) reject(name, `"${text}" is not one of ${known.join(', ')}`);
      return found;
    },
    list(name) {
      const members = string(name)
        ?.split(',')
        .map((member) => member.trim())
        .filter((member) => member !== '');
      return members?.length ? members : undefined;
    },
    pairs(name) {
      const text = string(name);
      if (text === undefined) return undefined;
      // Without a prototype, so that `__proto__` is a key like any other and `endpoint` is only what was said.
      const pairs: Record<string, string> = Object.create(null);
      for (const member of text.split(',')) {
        if (member.trim() === '') continue;
        const separator = member.indexOf('=');
        const key = separator < 0 ? '' : decode(member.slice(0, separator));
        const value = separator < 0 ? '' : decode(member.slice(separator + 1));
        if (!key || value === undefined) {
          // The member itself is not repeated: headers are read by the same rule, and they carry credentials.
          reject(name, 'it must read key=value,key=value with commas and equals signs inside percent-encoded');
          return undefined;
        }
        pairs[key] = value;
      }
      return pairs;
    },
  };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    return undefined;
  }
}
