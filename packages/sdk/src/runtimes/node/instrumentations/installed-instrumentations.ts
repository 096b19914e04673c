import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Diagnostic } from '../../../core/options.js';
import type { Instrumentation } from './instrumentation.js';

export interface InstalledInstrumentationsOptions {
  /** Folders from which the program's packages are found, nearest first. */
  readonly from: readonly string[];
  /** Only these, by the short name (`http`, `pg`, `@fastify/otel`). Absent: all that are installed, without `noisy`. */
  readonly enabled?: readonly string[] | undefined;
  readonly disabled?: readonly string[] | undefined;
  readonly onDiagnostic: (diagnostic: Diagnostic) => void;
}

const scope = '@opentelemetry';
const prefix = 'instrumentation-';

/** Instrumentations of others whose package name does not follow the pattern, with what they need to start by themselves. */
const others: Readonly<Record<string, object>> = { '@fastify/otel': { registerOnInitialization: true } };

/** A span for each file operation or lookup buries everything else, so these two are on only when they are named. */
const noisy: ReadonlySet<string> = new Set(['fs', 'dns', 'net']);

/**
 * Instances of the OpenTelemetry instrumentation packages that are installed with the program, for one that is started with
 * `--import @throughline/sdk/node/register` and has no code of its own that could name them. A package that cannot be
 * loaded is reported and left out.
 */
export function installedInstrumentations(options: InstalledInstrumentationsOptions): Instrumentation[] {
  const { enabled, disabled, onDiagnostic } = options;
  const installed = findPackages(options.from);
  const instances: Instrumentation[] = [];

  for (const name of enabled ?? []) {
    if (!installed.has(packageName(name)))
      onDiagnostic({
        level: 'warn',
        code: 'instrumentation-missing',
        message: `The instrumentation "${name}" is not installed; install it with: npm install ${packageName(name)}`,
      });
  }
  for (const [name, modules] of installed) {
    const short = shortName(name);
    const wanted = enabled ? enabled.some((entry) => packageName(entry) === name) : !noisy.has(short);
    if (!wanted || disabled?.some((entry) => packageName(entry) === name)) continue;
    try {
      const Class = instrumentationClass(createRequire(join(modules, 'any.js'))(name));
      if (Class) instances.push(new Class(others[name]));
    } catch (error) {
      onDiagnostic({
        level: 'warn',
        code: 'instrumentation-failed',
        message: `The instrumentation ${name} could not be loaded: ${error instanceof Error ? error.message : String(error)}`,
      });
    }
  }
  return instances;
}

function packageName(name: string): string {
  return name.startsWith('@') ? name : `${scope}/${prefix}${name}`;
}

function shortName(name: string): string {
  return name.startsWith(`${scope}/${prefix}`) ? name.slice(scope.length + 1 + prefix.length) : name;
}

/** Package name → the `node_modules` of its nearest copy, of all from which the program would be served. */
function findPackages(from: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  const add = (modules: string, name: string): void => {
    if (!found.has(name)) found.set(name, modules);
  };
  for (const start of from) {
    for (let folder = start; ; folder = dirname(folder)) {
      const modules = join(folder, 'node_modules');
      for (const entry of list(join(modules, scope))) if (entry.startsWith(prefix)) add(modules, `${scope}/${entry}`);
      for (const name of Object.keys(others)) if (list(join(modules, name)).length > 0) add(modules, name);
      if (dirname(folder) === folder) break;
    }
  }
  return found;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

type InstrumentationClass = new (config?: object) => Instrumentation;

/** The one export of an instrumentation package that can be enabled and given a tracer provider. */
function instrumentationClass(exports: unknown): InstrumentationClass | undefined {
  const values = [exports, ...Object.values((exports as object | undefined) ?? {})];
  return values.find(
    (value): value is InstrumentationClass =>
      typeof value === 'function' &&
      typeof value.prototype?.enable === 'function' &&
      typeof value.prototype.setTracerProvider === 'function',
  );
}
