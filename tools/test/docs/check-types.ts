import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bin } from '../../lib/run.mjs';
import { place, type Snippet } from './read-snippets.js';

/** The folder of a chapter's snippets, below `folder`. */
export const chapterFolder = (folder: string, { doc, chapter }: Snippet): string =>
  join(folder, doc.replace(/[/.]/g, '-'), String(chapter));

const nameOf = (snippet: Snippet): string =>
  typeof snippet.words.file === 'string' ? snippet.words.file : `snippet-${snippet.line}.${snippet.language}`;

const common = {
  target: 'es2022',
  module: 'nodenext',
  lib: ['es2022', 'dom', 'dom.iterable'],
  types: ['node'],
  jsx: 'react-jsx',
  noEmit: true,
  skipLibCheck: true,
  allowJs: true,
  allowImportingTsExtensions: true,
};

/** What is wrong in JavaScript too: a name, a property, an option, a module or an argument that does not exist. The rest is inference. */
const wrongInJavaScript = new Set([
  ...['TS2304', 'TS2305', 'TS2307', 'TS2339', 'TS2353', 'TS2448', 'TS2551', 'TS2552', 'TS2554', 'TS2561', 'TS2724'],
  'TS18004',
]);

/**
 * What the compiler has to say of the snippets, one line per finding with the guide's own line. TypeScript is checked strictly, JavaScript
 * as far as it can be without annotations: names, arguments and options.
 */
export async function checkTypes(folder: string, snippets: readonly Snippet[]): Promise<string[]> {
  const typed = snippets.filter(({ language }) => language === 'ts' || language === 'tsx');
  const untyped = snippets.filter(({ language }) => language === 'js');
  const byPath = new Map<string, Snippet>();
  for (const snippet of [...typed, ...untyped]) {
    const path = join(chapterFolder(folder, snippet), nameOf(snippet));
    byPath.set(path, snippet);
    mkdirSync(dirname(path), { recursive: true });
    // Declarations come last, so that lines stay where they are; `export {}` makes a module of every block.
    writeFileSync(path, `${snippet.code}export {};\n${snippet.given}\n`);
  }
  const found: string[] = [];
  for (const [name, own, options] of [
    ['typed', typed, { strict: true }],
    ['untyped', untyped, { checkJs: true, strict: false }],
  ] as const) {
    if (own.length === 0) continue;
    const config = join(folder, `tsconfig.${name}.json`);
    const files = [...byPath].filter(([, snippet]) => own.includes(snippet)).map(([path]) => path);
    writeFileSync(config, JSON.stringify({ compilerOptions: { ...common, ...options }, files }));
    for (const line of (await tsc(config, folder)).split('\n')) {
      const at = line.match(/^(.+?)\((\d+),\d+\): error ((TS\d+): .*)$/);
      if (at && own === untyped && !wrongInJavaScript.has(at[4]!)) continue;
      if (!at) {
        if (/error TS/.test(line)) found.push(line);
        continue;
      }
      const snippet = byPath.get(join(folder, at[1]!)) ?? byPath.get(at[1]!);
      found.push(
        snippet ? `${place({ ...snippet, line: snippet.line + Number(at[2]) - 1 })}: ${at[3]}` : `${at[1]}: ${at[3]}`,
      );
    }
  }
  return found;
}

function tsc(config: string, cwd: string): Promise<string> {
  return new Promise((resolve) =>
    execFile(bin('tsc'), ['-p', config, '--pretty', 'false'], { cwd, maxBuffer: 1e7 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    ),
  );
}
