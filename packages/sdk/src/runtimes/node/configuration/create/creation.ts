import type { Diagnostic } from '../../../../core/options.js';
import { findComponentProvider, type PluginComponents, registeredNames } from '../component-providers.js';
import type { ConfigurationProblem } from '../configuration-error.js';
import type { ConfigProperties } from '../configuration-model.js';
import { nearestName } from '../nearest-name.js';
import { originOf } from '../origins.js';

/** What is collected while components are made of a model: what is wrong, and what is only worth a word. */
export class Creation {
  readonly problems: ConfigurationProblem[] = [];
  readonly diagnostics: Diagnostic[] = [];
  file: string | undefined;

  /** Something cannot be made. `owner`: the map that stands at `path`, or that has `key`. */
  fail(owner: object, path: string, message: string, key?: string): undefined {
    const origin = originOf(owner);
    this.file ??= origin?.file;
    const line = (key !== undefined ? origin?.lines.get(key) : undefined) ?? origin?.line;
    this.problems.push({ line, path: key === undefined ? path : `${path}.${key}`, message });
    return undefined;
  }

  /** Something is made another way than the file says. */
  warn(path: string, message: string): void {
    this.diagnostics.push({ level: 'warn', code: 'configuration', message: `${path} ${message}` });
  }

  /** A component that is not built in, of its provider. `known`: the built-in names, one of which was perhaps meant. */
  plugin<T extends keyof PluginComponents>(
    type: T,
    model: object,
    path: string,
    known: readonly string[],
  ): PluginComponents[T] | undefined {
    const [name = '', properties] = Object.entries(model)[0] ?? [];
    const provider = findComponentProvider(type, name);
    if (!provider) {
      const nearest = nearestName(name, [...known, ...registeredNames(type)]);
      const advice = nearest ? `; did you mean ${nearest}?` : '; registerComponentProvider() makes one known';
      return this.fail(model, path, `is no ${type} that is built in or registered${advice}`, name);
    }
    try {
      return provider.createComponent((properties ?? {}) as ConfigProperties);
    } catch (error) {
      return this.fail(model, path, `could not be made: ${(error as Error | undefined)?.message ?? error}`, name);
    }
  }
}
