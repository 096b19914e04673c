import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

/** Cloudflare's runtime has binaries for some platforms only, and they want a newer C library than some systems have. */
export const hasWorkerd: boolean = (() => {
  try {
    const { default: binary } = createRequire(import.meta.url)('workerd') as { default: string };
    return spawnSync(binary, ['--version']).status === 0;
  } catch {
    return false;
  }
})();
