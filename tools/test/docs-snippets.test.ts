import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { chromiumPath, launchChromium } from '../../packages/sdk/test/web/support/chromium.js';
import { openPage } from '../../packages/sdk/test/web/support/open-page.js';
import { filesBelow } from '../lib/files.mjs';
import { root } from '../lib/root.mjs';
import { checkTypes } from './docs/check-types.js';
import { help, wrongCommands } from './docs/commands.js';
import { place, readInlineCalls, readSnippets, type Snippet } from './docs/read-snippets.js';
import { matches, runSnippet } from './docs/run-snippet.js';

/*
 * What the guides show is what a reader pastes, so it is compiled against the built packages and, where its fence says `run`, run as a program
 * against a receiver. A failure names the guide's file and line.
 */

// Each test starts programs, on machines that may be busy with others.
vi.setConfig({ testTimeout: 120_000 });

const docs = [
  'README.md',
  'packages/sdk/README.md',
  'packages/collector/README.md',
  ...filesBelow('docs', (name) => name.endsWith('.md')),
];
/** Decisions say what was, guides what is. */
const guides = docs.filter((doc) => !doc.startsWith('docs/adr/'));
const snippets = docs.flatMap(readSnippets);
const builtSdk = join(root, 'packages/sdk/dist/index.d.ts');
const builtCollector = join(root, 'packages/collector/dist/cli/main.js');

let folder: string;
beforeAll(() => {
  for (const built of [builtSdk, builtCollector])
    if (!existsSync(built)) throw new Error(`${built} is not there: npm run build`);
  // Inside the repository, so that packages are found as a program's own; the workspace links lead to what is built.
  mkdirSync(join(root, '.throughline'), { recursive: true });
  folder = mkdtempSync(join(root, '.throughline', 'docs-test-'));
});
afterAll(() => {
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const chapterOf = (snippet: Snippet) =>
  snippets.filter((one) => one.doc === snippet.doc && one.chapter === snippet.chapter && one !== snippet);
const isRun = ({ words }: Snippet) => words.run === true || words.serve !== undefined;
const runs = new Map<Snippet, Promise<void>>();

/** Each program runs once, however many tests look at it. */
function run(snippet: Snippet): Promise<void> {
  const running = runs.get(snippet) ?? runSnippet(folder, snippet, chapterOf(snippet));
  runs.set(snippet, running);
  return running;
}

/** Runs what the questions show for one requirement; it is an error when nothing of it is run. */
async function answersOf(requirement: string): Promise<void> {
  const shown = snippets.filter((one) => one.doc === 'docs/faq.md' && one.shows.includes(requirement) && isRun(one));
  expect(shown.length, `docs/faq.md runs nothing for ${requirement}`).toBeGreaterThan(0);
  for (const snippet of shown) await run(snippet);
}

describe('the questions users ask, answered by programs that run', () => {
  test('either protocol is one word [F1]', () => answersOf('F1'));
  test('a second start and a wrong setting are harmless [F2]', () => answersOf('F2'));
  test('a share of traces, and a sampler of your own [F3]', () => answersOf('F3'));
  test('the service has its name by option and environment [F4]', () => answersOf('F4'));
  test('a program says why its spans do not arrive [F5 F27]', () => answersOf('F5'));
  test('work behind an await, and work that is queued, stays in its trace [F6]', () => answersOf('F6'));
  test('spans are sent at once, on demand and at the end [F7]', () => answersOf('F7'));
  test('attributes of every kind, errors and results [F8]', () => answersOf('F8'));
  test('the context travels with a message [F9]', () => answersOf('F9'));
  test('a span that is never ended is named [F11]', () => answersOf('F11'));
  test('a collector that is away costs nothing but spans, which are counted [F15 F16]', () => answersOf('F15'));
  test('instrumentations of other packages trace a server [F19]', () => answersOf('F19'));
  test('telemetry is asserted on in a test [F20]', () => answersOf('F20'));
  test('settings for production [F21]', () => answersOf('F21'));
  test('the last spans leave before process.exit [F22]', () => answersOf('F22'));
  test('a health route says how telemetry is doing [F23]', () => answersOf('F23'));
  test('secrets are taken out, and a processor changes what leaves [F26]', () => answersOf('F26'));
});

test('the ten lines of the README trace a Node program [F2 F4 F19]', async () => {
  const [server] = snippets.filter(({ doc, words }) => doc === 'README.md' && words.serve);
  await run(server!);
});

test("the quickstart's server is traced, from the request to the function it calls [F27]", async () => {
  const [server] = snippets.filter(({ doc, words }) => doc === 'docs/quickstart.md' && words.serve);
  await run(server!);
});

test('every other program of the guides runs and prints what they say', async () => {
  for (const snippet of snippets.filter(isRun)) await run(snippet);
});

describe.skipIf(!chromiumPath)('in a real page (needs Chromium)', () => {
  test('the ten lines of the README trace a page: its load and a click [B3 B5]', async () => {
    const pages = snippets.filter(({ words }) => words.page);
    expect(pages.map(({ doc }) => doc)).toContain('README.md');
    const browser = await launchChromium();
    try {
      for (const { code, words } of pages) {
        const script = code.replaceAll('http://localhost:4318', 'COLLECTOR');
        const body = code.includes('id="buy"') ? '<div id="root"></div>' : '<button id="buy">Buy</button>';
        await using opened = await openPage(browser, { script, body });
        await opened.page.click('#buy');
        const further = typeof words.spans === 'string' ? words.spans.split(', ') : [];
        for (const name of ['documentLoad', 'click #buy', ...further])
          expect((await opened.sink.span(name)).name).toBe(name);
      }
    } finally {
      await browser.close();
    }
  });
});

test('every snippet of the guides compiles against the built packages', async () => {
  const found = await checkTypes(folder, [...snippets, ...guides.flatMap(readInlineCalls)]);
  expect(found.join('\n')).toBe('');
});

test('every command of the guides exists, with its flags', async () => {
  const wrong: string[] = [];
  for (const snippet of snippets.filter(({ language }) => language === 'sh'))
    wrong.push(...(await wrongCommands(snippet)));
  expect(wrong.join('\n')).toBe('');
});

test('the doctor prints what its guide shows, against a collector that runs [F5]', async () => {
  const shown = snippets.find(({ doc, output }) => doc === 'docs/collector.md' && output?.includes('Looking at'));
  const anyPorts = ['--otlp-http-port', '0', '--otlp-grpc-port', '0', '--explorer-port', '0'];
  const collector = spawn(process.execPath, [builtCollector, 'up', ...anyPorts, '--data', join(folder, 'collector')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let said = '';
    for await (const chunk of collector.stdout) {
      said += chunk;
      if (/OTLP\/gRPC\s+http:\S+\s/.test(said)) break;
    }
    const [otlp, api] = [/OTLP\/HTTP\s+(\S+)/, /explorer\s+(\S+)/].map((address) => said.match(address)![1]!);
    const { stdout } = await promisify(execFile)(process.execPath, [builtCollector, 'doctor', otlp!, '--api', api!]);
    const expected = shown!
      .output!.replaceAll('http://127.0.0.1:4318', otlp!)
      .replaceAll('http://127.0.0.1:4319', api!)
      .replaceAll('127.0.0.1:4318', new URL(otlp!).host)
      .replace(/\b[0-9a-f]{32}\b/g, '…');
    expect(matches(stdout, expected), stdout).toBe(true);
  } finally {
    const ended = once(collector, 'exit');
    collector.kill('SIGTERM');
    await ended;
  }
});

test('every variable of the collector in the guides is one that it reads', async () => {
  const pages = (await Promise.all([help('up'), help('gateway')])).join('\n');
  const known = new Set([...pages.matchAll(/^ {2}--([\w-]+)/gm)].map(([, flag]) => variableOf(flag!)));
  const wrong = docs.flatMap((doc) =>
    [...readText(doc).matchAll(/\bTHROUGHLINE_[A-Z_]+\b/g)]
      .filter(([name]) => !known.has(name))
      .map(([name]) => `${doc}: ${name}`),
  );
  expect(wrong).toEqual([]);
});

test('every flag of the collector is in its guide', async () => {
  const guide = readText('docs/collector.md');
  const flags = [...(await help('up')).matchAll(/^ {2}(--[\w-]+)/gm)].map(([, flag]) => flag!);
  expect(flags.length).toBeGreaterThan(10);
  expect(flags.filter((flag) => !guide.includes(`\`${flag}\``))).toEqual([]);
});

test('every link between the pages leads to a file, and to a heading of it', () => {
  const wrong: string[] = [];
  const pages = [...docs, ...filesBelow('docs/adr', (name) => name.endsWith('.md'))];
  for (const doc of [
    ...new Set(pages),
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'examples/shop/README.md',
  ]) {
    const text = readText(doc).replace(/^```[\s\S]*?^```$/gm, '');
    for (const [, link, image] of text.matchAll(/\]\(([^)\s]+)\)|\bsrc(?:set)?="([^"]+)"/g)) {
      const target = link ?? image;
      if (/^[a-z]+:/.test(target!)) continue;
      const [path = '', anchor] = target!.split('#');
      const file = path === '' ? doc : join(dirname(doc), path);
      if (!existsSync(join(root, file))) wrong.push(`${doc}: ${target}`);
      else if (anchor && file.endsWith('.md') && !anchorsOf(file).has(anchor)) wrong.push(`${doc}: ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('every decision has a number of its own, and stands in the list of decisions', () => {
  const decisions = filesBelow('docs/adr', (name) => /^\d{4}-/.test(name)).map((path) => path.split('/').at(-1)!);
  const numbers = decisions.map((name) => Number(name.slice(0, 4))).sort((a, b) => a - b);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  const listed = [...readText('docs/adr/README.md').matchAll(/^(\d+)\. \[[^\]]+\]\(([^)]+)\)/gm)];
  expect(listed.map(([, number, name]) => `${number} ${name}`)).toEqual(
    decisions.sort().map((name) => `${Number(name.slice(0, 4))} ${name}`),
  );
});

test('every file that the architecture page names exists', () => {
  const rooms = ['', 'packages', 'packages/sdk/src', 'packages/collector/src', 'packages/explorer/src'];
  const wrong = [...readText('ARCHITECTURE.md').matchAll(/`([\w@-]+(?:\/[\w.<>*-]*)+)`/g)]
    .map(([, path]) => path!)
    // Up to the part that stands for any name.
    .map((path) => path.replace(/\/[^/]*[<*].*$/, ''))
    .filter((path) => !rooms.some((room) => existsSync(join(root, room, path))))
    .filter((path) => !path.startsWith('@'));
  expect(wrong).toEqual([]);
});

test('a snippet that is wrong is found with its file and line', async () => {
  const [first] = snippets.filter(({ language }) => language === 'ts');
  const broken: Snippet = { ...first!, code: "import { begin } from '@throughline/sdk/node';\n", chapter: 999 };
  expect((await checkTypes(folder, [broken])).join()).toContain(`${place(first!)}: TS2305`);
  const silent: Snippet = { ...broken, code: "console.log('one');\n", output: 'two\n' };
  await expect(runSnippet(folder, silent, [])).rejects.toThrow(
    `${place(first!)}: it does not print what the guide says`,
  );
  const spanless: Snippet = { ...silent, output: undefined, words: { run: true, spans: 'checkout' } };
  await expect(runSnippet(folder, spanless, [])).rejects.toThrow('no span "checkout" arrived, only: none');
  const misspelt: Snippet = { ...broken, language: 'sh', code: 'npx throughline up --prot 1\nnpm run nothing\n' };
  expect(await wrongCommands(misspelt)).toHaveLength(2);
});

const variableOf = (flag: string) => `THROUGHLINE_${flag.replaceAll('-', '_').toUpperCase()}`;

function readText(doc: string): string {
  const path = join(root, doc);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** As GitHub makes them of headings. */
function anchorsOf(file: string): Set<string> {
  const text = readText(file).replace(/^```[\s\S]*?^```$/gm, '');
  return new Set(
    [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  );
}
