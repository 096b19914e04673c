import { existsSync } from 'node:fs';
import * as module from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Diagnostic } from '../../../core/options.js';
import type { Instrumentation } from './instrumentation.js';
import { patchedModuleNames } from './patched-module-names.js';

/** Node keeps loader hooks for the whole process and cannot take one back, so this is remembered for the process too. */
const hooked = new Map<string, Set<string>>();

/**
 * Lets OpenTelemetry's instrumentations patch packages that the program `import`s. They look for such modules through the package
 * `import-in-the-middle`; its loader hook is put in place here, for the copy (or copies) that the given instrumentations have
 * loaded and for the packages they name and no others: a hook over everything slows each import down and is known to break some.
 *
 * Without effect on packages imported before. A program that only uses `require` does not need it.
 */
export function loadEsmHook(
  instrumentations: readonly Instrumentation[],
  onDiagnostic: (diagnostic: Diagnostic) => void,
): void {
  const names = patchedModuleNames(instrumentations).filter((name) => !module.isBuiltin(name));
  if (names.length === 0) return;
  for (const folder of loadedHookPackages()) {
    const known = hooked.get(folder) ?? new Set();
    const include = names.filter((name) => !known.has(name));
    if (include.length === 0) continue;
    try {
      hook(folder, include);
      hooked.set(folder, new Set([...known, ...include]));
    } catch (error) {
      onDiagnostic({
        level: 'warn',
        code: 'esm-hook-failed',
        message: `Modules loaded with import are not instrumented, because the hook in ${folder} could not be loaded: ${String(error)}`,
      });
    }
  }
}

const require = module.createRequire(import.meta.url);

/** Folders of the copies of `import-in-the-middle` that somebody has loaded. It is CommonJS, so the cache of `require` knows. */
function loadedHookPackages(): string[] {
  const main = join('import-in-the-middle', 'index.js');
  return Object.keys(require.cache)
    .filter((path) => path.endsWith(main))
    .map((path) => dirname(path));
}

interface HookInThread {
  supportsSyncHooks(): boolean;
  register(options: { readonly include: readonly string[] }): void;
}

function hook(folder: string, include: string[]): void {
  const inThread = join(folder, 'register-hooks.mjs');
  // Newer Node has hooks that run in the program's own thread. Otherwise Node starts a thread for them (25 ms).
  if ('registerHooks' in module && existsSync(inThread)) {
    const { supportsSyncHooks, register } = require(inThread) as HookInThread;
    if (supportsSyncHooks()) {
      register({ include });
      return;
    }
  }
  module.register(pathToFileURL(join(folder, 'hook.mjs')).href, { parentURL: import.meta.url, data: { include } });
}
