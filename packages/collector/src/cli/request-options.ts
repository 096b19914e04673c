import { readFileSync } from 'node:fs';
import { UsageError } from './usage-error.js';

/** `--header NAME=VALUE` as name and value. Throws `UsageError`. */
export function readHeader(text: string): [string, string] {
  const found = /^([!#$%&'*+.^_`|~0-9a-z-]+)\s*[=:]\s*([\t\x20-\x7e]*)$/i.exec(text);
  if (found === null) throw new UsageError(`--header ${JSON.stringify(text)} is not NAME=VALUE.`);
  return [found[1]!.toLowerCase(), found[2]!];
}

/** The file of `--ca`. Throws `UsageError`. */
export function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new UsageError(`The file ${file} of --ca cannot be read.`);
  }
}
