export interface Engine {
  /** `process.runtime.name`. */
  readonly name: 'nodejs' | 'deno' | 'bun';
  readonly version: string;
  readonly description: string;
  /** What its program is called. */
  readonly program: string;
}

/** Whose process this is. Deno and Bun run what was written for Node, and say of themselves which they are. */
export function engineOf({ deno, bun, node }: NodeJS.ProcessVersions = process.versions): Engine {
  if (deno) return { name: 'deno', version: deno, description: 'Deno', program: 'deno' };
  if (bun) return { name: 'bun', version: bun, description: 'Bun', program: 'bun' };
  return { name: 'nodejs', version: node, description: 'Node.js', program: 'node' };
}
