import { existsSync, readdirSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { fileURLToPath } from 'node:url';

export type Engine = 'node-22' | 'node-24' | 'deno' | 'bun';

const folder = fileURLToPath(new URL('../engines/node_modules/', import.meta.url));

/** The packages that hold the programs themselves are named for the platform; those that choose among them are not needed. */
const candidates: Readonly<Record<Engine, () => string[]>> = {
  'node-22': () => [`node-22-${platform()}-${arch()}/bin/node`],
  'node-24': () => [`node-24-${platform()}-${arch()}/bin/node`],
  deno: () => inScope('@deno', 'deno'),
  bun: () => inScope('@oven', 'bin/bun'),
};

function inScope(scope: string, program: string): string[] {
  if (!existsSync(folder + scope)) return [];
  return readdirSync(folder + scope).flatMap((name) => [
    `${scope}/${name}/${program}`,
    `${scope}/${name}/${program}.exe`,
  ]);
}

/** Path of another engine's program (packages/testkit/engines); `undefined` skips its tests by name. */
export function enginePath(name: Engine): string | undefined {
  const found = candidates[name]().find((path) => existsSync(folder + path));
  return found && folder + found;
}
