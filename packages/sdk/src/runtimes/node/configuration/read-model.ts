import type { EnvironmentVariables } from '../env/environment.js';
import type { ConfigurationProblem } from './configuration-error.js';
import type { ConfigValue } from './configuration-model.js';
import { nearestName } from './nearest-name.js';
import { setOrigin } from './origins.js';
import { resolveScalar } from './resolve-scalar.js';
import type { ComponentSchema, MapSchema, Place, Schema } from './schema.js';
import { substituteVariables } from './substitute-variables.js';
import type { YamlMap, YamlNode } from './yaml/yaml-node.js';

export interface ReadModelOptions {
  readonly file: string | undefined;
  readonly variables: EnvironmentVariables;
  /** Takes what is wrong; reading goes on, so that all of it is told at once. */
  readonly problem: (problem: ConfigurationProblem) => void;
}

/** Reads a document by a schema: variables replaced, then types. What does not belong where it stands is told, and is `undefined` in the result. */
export function readModel(node: YamlNode, place: Place, options: ReadModelOptions): unknown {
  return new ModelReader(options).read(node, place, '');
}

class ModelReader {
  readonly #options: ReadModelOptions;

  constructor(options: ReadModelOptions) {
    this.#options = options;
  }

  read(node: YamlNode, place: Place, path: string): unknown {
    const schema = typeof place === 'function' ? place() : place;
    const fail = (message: string): undefined => this.#fail(node.line, path, message);
    if (schema.is === 'properties') return this.#anything(node, path);
    if (schema.is === 'attribute') return this.#attribute(node, path);
    if (node.kind === 'scalar') {
      const value = this.#scalar(node, path);
      if (value === undefined) return undefined;
      if (value === null)
        return 'orNull' in schema && schema.orNull ? null : fail(`has no value; ${expected(schema)} is expected`);
      if (isScalarOf(schema, value)) return value;
      // What a variable stands for may be a secret where a text is; and the reference to it is what belongs in quotes.
      const isReference = schema.is === 'text' && /\$\{/.test(node.text);
      const hint = schema.is === 'text' ? `; write "${isReference ? node.text : value}" in quotes` : '';
      const found = isReference ? `${node.text}, here a ${typeof value}` : JSON.stringify(value);
      return fail(`is ${found}; ${expected(schema)} is expected${hint}`);
    }
    if (schema.is === 'list' && node.kind === 'list') {
      if (node.items.length < (schema.least ?? 0)) return fail('is empty; leave it out, or name something');
      return node.items.map((item, at) => this.read(item, schema.of, `${path}[${at}]`));
    }
    if (schema.is === 'map' && node.kind === 'map') return this.#map(node, schema, path);
    if (schema.is === 'component' && node.kind === 'map') return this.#component(node, schema, path);
    return fail(`is a ${node.kind}; ${expected(schema)} is expected`);
  }

  #map(node: YamlMap, schema: MapSchema, path: string): object {
    const { keys, needs = [], open } = schema;
    const result: Record<string, unknown> = {};
    const meant = new Set<string>();
    for (const { key, line, value } of node.entries) {
      meant.add(key);
      const place = Object.hasOwn(keys, key) ? keys[key] : undefined;
      if (place) result[key] = this.read(value, place, join(path, key));
      else {
        const nearest = nearestName(key, Object.keys(keys));
        const advice = nearest
          ? `did you mean ${nearest}?`
          : `known are ${Object.keys(keys).join(', ') || 'no keys at all'}`;
        if (nearest) meant.add(nearest);
        if (!open || nearest) this.#fail(line, join(path, key), `is not known; ${advice}`);
      }
    }
    for (const key of needs) if (!meant.has(key)) this.#fail(node.line, join(path, key), 'is missing');
    return this.#from(result, node, path);
  }

  #component(node: YamlMap, { kinds, type }: ComponentSchema, path: string): object | undefined {
    const [entry, second] = node.entries;
    if (!entry || second) {
      const names = node.entries.map(({ key }) => key).join(', ') || 'nothing';
      return this.#fail(
        (second ?? node).line,
        path,
        `names ${names}, where one name of ${Object.keys(kinds).join(', ')} is expected`,
      );
    }
    const { key, value } = entry;
    const place = Object.hasOwn(kinds, key) ? kinds[key] : undefined;
    if (!place && !type) {
      const nearest = nearestName(key, Object.keys(kinds));
      const advice = nearest ? `did you mean ${nearest}?` : `known are ${Object.keys(kinds).join(', ')}`;
      return this.#fail(entry.line, join(path, key), `is not known; ${advice}`);
    }
    const inside = place ? this.read(value, place, join(path, key)) : this.#properties(value, join(path, key));
    return this.#from({ [key]: inside }, node, path);
  }

  /** A plugin's properties. None at all are none. */
  #properties(node: YamlNode, path: string): unknown {
    const value = this.#anything(node, path);
    if (value === null) return this.#from({}, { kind: 'map', line: node.line, entries: [] }, path);
    if (value === undefined || node.kind === 'map') return value;
    return this.#fail(node.line, path, 'is no map; a plugin’s properties are one');
  }

  #anything(node: YamlNode, path: string): ConfigValue | undefined {
    if (node.kind === 'scalar') return this.#scalar(node, path);
    if (node.kind === 'list') return node.items.map((item, at) => this.#anything(item, `${path}[${at}]`) ?? null);
    const result: Record<string, ConfigValue> = {};
    for (const { key, value } of node.entries) result[key] = this.#anything(value, join(path, key)) ?? null;
    return this.#from(result, node, path) as ConfigValue;
  }

  #attribute(node: YamlNode, path: string): ConfigValue | undefined {
    const value = this.#anything(node, path);
    const kinds = new Set((Array.isArray(value) ? value : [value]).map((one) => (one === null ? 'null' : typeof one)));
    if (
      value === undefined ||
      (kinds.size === 1 && !kinds.has('object') && !(Array.isArray(value) && kinds.has('null')))
    )
      return value;
    return this.#fail(
      node.line,
      path,
      'is no value of an attribute: a text, a number, a boolean, or a list of one of these kinds',
    );
  }

  #scalar(
    { text, plain, line }: YamlNode & { kind: 'scalar' },
    path: string,
  ): string | number | boolean | null | undefined {
    try {
      const replaced = substituteVariables(text, this.#options.variables);
      return plain ? resolveScalar(replaced) : replaced;
    } catch (error) {
      return this.#fail(line, path, (error as Error).message);
    }
  }

  #from<T extends object>(result: T, node: YamlMap, path: string): T {
    const lines = new Map(node.entries.map(({ key, line }) => [key, line]));
    setOrigin(result, { file: this.#options.file, path, line: node.line, lines });
    return result;
  }

  #fail(line: number, path: string, message: string): undefined {
    this.#options.problem({ line, path, message });
    return undefined;
  }
}

const join = (path: string, key: string): string => (path ? `${path}.${key}` : key);

function isScalarOf(schema: Schema, value: string | number | boolean): boolean {
  switch (schema.is) {
    case 'text':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'word':
      return schema.of.includes(value as string);
    case 'whole':
    case 'number':
      return (
        typeof value === 'number' &&
        (schema.is === 'number' || Number.isSafeInteger(value)) &&
        !(value < (schema.least ?? Number.NEGATIVE_INFINITY)) &&
        !(value > (schema.most ?? Number.POSITIVE_INFINITY))
      );
    default:
      return false;
  }
}

function expected(schema: Schema): string {
  switch (schema.is) {
    case 'text':
      return 'a text';
    case 'boolean':
      return 'true or false';
    case 'word':
      return `one of ${schema.of.join(', ')}`;
    case 'whole':
    case 'number': {
      const what = schema.is === 'whole' ? 'a whole number' : 'a number';
      const { least, most } = schema;
      if (least !== undefined && most !== undefined) return `${what} from ${least} to ${most}`;
      return least === undefined ? what : `${what} of at least ${least}`;
    }
    case 'list':
      return 'a list ("- …" on the lines below)';
    case 'component':
      return `one name of ${Object.keys(schema.kinds).join(', ') || 'a plugin'}, as a key`;
    default:
      return 'a map ("key: value" on the lines below)';
  }
}
