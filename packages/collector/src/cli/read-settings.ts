import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { GATEWAY_SETTINGS } from './gateway-settings.js';
import { environmentName, SETTINGS, type Setting, type SettingsOf } from './settings.js';
import { suggest } from './suggest.js';
import { UsageError } from './usage-error.js';
import { whyUnreadable } from './why-unreadable.js';

/** A command that has settings. */
interface Configured<Table extends readonly Setting[]> {
  readonly command: string;
  readonly settings: Table;
}

const UP = { command: 'up', settings: SETTINGS } as const;
export const GATEWAY = { command: 'gateway', settings: GATEWAY_SETTINGS } as const;

const namesOf = ({ settings }: Configured<readonly Setting[]>): string[] => settings.map(({ name }) => name);

/**
 * Settings from flags, then environment, then file, then defaults: the first that says something counts. Throws `UsageError` for
 * what is not known or cannot be.
 */
export function readSettings<Table extends readonly Setting[] = typeof SETTINGS>(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  of: Configured<Table> = UP as unknown as Configured<Table>,
): SettingsOf<Table> {
  const flags = readFlags(args, of);
  const file = flags.get('config')?.[0] ?? environment.THROUGHLINE_CONFIG;
  const fromFile = file === undefined ? new Map<string, readonly string[]>() : readFile(file, namesOf(of));
  refuseMistyped(environment);
  const result: Record<string, unknown> = {};
  for (const setting of of.settings) {
    const variable = environmentName(setting.name);
    const fromEnvironment = environment[variable];
    const [given, from] =
      flags.get(setting.name) !== undefined
        ? [flags.get(setting.name), `--${setting.name}`]
        : fromEnvironment !== undefined && fromEnvironment !== ''
          ? [
              setting.kind === 'list' ? fromEnvironment.split(setting.hasCommas ? '\n' : ',') : [fromEnvironment],
              variable,
            ]
          : [fromFile.get(setting.name), `${setting.name} in ${file}`];
    result[setting.name] = settingValue(setting, given, from ?? setting.name);
  }
  return result as SettingsOf<Table>;
}

function readFlags(args: readonly string[], of: Configured<readonly Setting[]>): Map<string, readonly string[]> {
  const names = [...namesOf(of), 'config'];
  const help = `See throughline ${of.command} --help.`;
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const, multiple: true }])),
  });
  const found = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') throw new UsageError(`"${token.value}" is not expected here. ${help}`);
    if (token.kind !== 'option') continue;
    if (!names.includes(token.name)) {
      throw new UsageError(`There is no option ${token.rawName}.${suggest(token.name, names, '--')} ${help}`);
    }
    if (token.value === undefined || (!token.inlineValue && token.value.startsWith('--'))) {
      throw new UsageError(`${token.rawName} needs a value.`);
    }
    found.set(token.name, [...(found.get(token.name) ?? []), token.value]);
  }
  return found;
}

function readFile(path: string, names: readonly string[]): Map<string, readonly string[]> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`The settings file ${path} cannot be read: ${whyUnreadable(error)}.`);
  }
  // Only who has such a file pays for the reader of it.
  const { parseDocument } = createRequire(import.meta.url)('yaml') as typeof import('yaml');
  const document = parseDocument(text);
  const problem = document.errors[0];
  if (problem !== undefined)
    throw new UsageError(
      `The settings file ${path} is not YAML: ${problem.message.split('\n')[0]?.replace(/:$/, '.')}`,
    );
  let content: unknown;
  try {
    content = document.toJS() ?? {};
  } catch (error) {
    // An alias of nothing, or one that grows beyond all bounds.
    throw new UsageError(
      `The settings file ${path} is not YAML: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new UsageError(
      `The settings file ${path} must hold lines of the form "name: value"; \`throughline config\` prints one.`,
    );
  const found = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(content)) {
    if (!names.includes(name))
      throw new UsageError(`There is no setting "${name}" (in ${path}).${suggest(name, names)}`);
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (values.some((one) => typeof one === 'object' && one !== null))
      throw new UsageError(`${name} in ${path} must be a value or a list of values.`);
    if (value !== null) found.set(name, values.map(String));
  }
  return found;
}

/** A mistyped variable would be silent otherwise. One that resembles nothing is somebody else's. */
function refuseMistyped(environment: Readonly<Record<string, string | undefined>>): void {
  // Of every command: an environment may hold what is meant for another one.
  const known = [...namesOf(UP), ...namesOf(GATEWAY), 'config'].map(environmentName);
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('THROUGHLINE_') || known.includes(name)) continue;
    const nearest = suggest(name, known);
    if (nearest !== '') throw new UsageError(`There is no setting for the environment variable ${name}.${nearest}`);
  }
}

function settingValue(setting: Setting, given: readonly string[] | undefined, from: string): unknown {
  if (setting.kind === 'list')
    return (given ?? [])
      .flatMap((value) => (setting.hasCommas ? [value] : value.split(',')))
      .map((value) => value.trim())
      .filter((value) => value !== '');
  const text = given?.at(-1);
  if (text === undefined) return setting.fallback;
  if (setting.kind === 'text') {
    if (text === '') throw new UsageError(`${from} needs a value.`);
    if (setting.choices?.includes(text) === false)
      throw new UsageError(`${from} must be ${setting.choices.join(' or ')}, not "${text}".`);
    return text;
  }
  const number = Number(text);
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = setting;
  if (text.trim() === '' || !Number.isInteger(number) || number < minimum || number > maximum) {
    throw new UsageError(`${from} must be a whole number from ${minimum} to ${maximum}, not "${text}".`);
  }
  return number;
}
