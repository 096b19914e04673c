import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../lib/root.mjs';
import { place, type Snippet } from './read-snippets.js';

const cli = join(root, 'packages/collector/dist/cli/main.js');

/** What has been asked once is not asked again: the guides name the same commands many times. */
const pages = new Map<string, Promise<string>>();

export function help(...args: string[]): Promise<string> {
  const asked = args.join(' ');
  if (!pages.has(asked))
    pages.set(
      asked,
      new Promise((resolve, reject) => {
        execFile(process.execPath, [cli, ...args, '--help'], (error, stdout) =>
          error ? reject(error) : resolve(stdout),
        );
      }),
    );
  return pages.get(asked)!;
}

/** What is wrong with the commands of a shell block: a command, flag or script that does not exist. */
export async function wrongCommands(snippet: Snippet): Promise<string[]> {
  const wrong: string[] = [];
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  const { exports } = JSON.parse(readFileSync(join(root, 'packages/sdk/package.json'), 'utf8')) as { exports: object };
  const text = snippet.code.replace(/\\\n\s*/g, ' ');
  for (const [index, line] of text.split('\n').entries()) {
    const at = place({ ...snippet, line: snippet.line + index });
    const command = line.replace(/\s+#.*$/, '');
    for (const [, verb = '', rest = ''] of command.matchAll(/(?:^|\s|npx )throughline (\w+)(.*)/g)) {
      const page = await help(verb).catch(() => undefined);
      if (page === undefined) wrong.push(`${at}: there is no command "throughline ${verb}"`);
      for (const [flag] of rest.matchAll(/(?<=\s)--[\w-]+/g))
        if (page !== undefined && flag !== '--help' && !new RegExp(`${flag}(?![\\w-])`).test(page))
          wrong.push(`${at}: "throughline ${verb} --help" does not know ${flag}`);
    }
    for (const [, script] of command.matchAll(/\bnpm run ([\w:-]+)/g))
      if (!Object.hasOwn(scripts, script!)) wrong.push(`${at}: package.json has no script "${script}"`);
    for (const [, entry] of command.matchAll(/@throughline\/sdk((?:\/[\w-]+)+)/g))
      if (!Object.hasOwn(exports, `.${entry}`)) wrong.push(`${at}: @throughline/sdk has no entry "${entry}"`);
  }
  return wrong;
}
