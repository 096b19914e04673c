import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDesktop } from '../../examples/people/test/support/desktop.js';
import { desktopTools } from '../../examples/people/test/support/desktop-tools.js';
import { startOtlpSink } from '../../packages/sdk/test/web/support/otlp-sink.js';
import { root } from '../lib/root.mjs';
import { readSnippets } from './docs/read-snippets.js';
import { fromTarballs, type Packed, pack } from './packed/pack.js';
import { canInstall, killAll, shell } from './packed/shell.js';

/*
 * docs/tauri.md as a newcomer follows it: an empty folder, its commands, its files, and then somebody who types a name. The package comes from a tarball and
 * the crate from this repository, with the versions of its lock file; what cargo compiles is kept between runs.
 */

const possible = desktopTools && canInstall();
if (!possible)
  console.warn(
    'SKIPPED: following docs/tauri.md needs npm’s registry, cargo, libwebkit2gtk-4.1-dev, webkit2gtk-driver and xvfb',
  );
/** The first build compiles Tauri with all that its template asks for. */
const BUILDING_MS = 25 * 60_000;
const [SERVER, CLIENT] = [2, 3];

describe.skipIf(!possible)(
  'the guide of Tauri from an empty folder (needs npm’s registry and what Tauri needs)',
  () => {
    let folder: string;
    let packed: Readonly<Record<'sdk', Packed>>;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'throughline-tauri-guide-'));
      packed = await pack(['sdk'], folder);
    }, 300_000);
    afterAll(() => {
      killAll();
      if (folder) rmSync(folder, { recursive: true, force: true });
    });

    test(
      'docs/tauri.md: a new program greets somebody, and the click, the command and its answer are one trace [D1 D2]',
      async () => {
        const target = join(
          process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
          'throughline',
          'cargo-target-of-the-guide',
        );
        const environment = {
          PATH: `${dirname(desktopTools!.cargo)}${delimiter}${process.env.PATH}`,
          CARGO_TARGET_DIR: target,
          CARGO_PROFILE_DEV_DEBUG: '0',
          CARGO_INCREMENTAL: '0',
        };
        const [, first] = readFileSync(join(root, 'docs/tauri.md'), 'utf8').match(
          /`(import [^`]+)` is the first line/,
        )!;
        const chapter = readSnippets('docs/tauri.md').filter(({ chapter }) => chapter === 2);
        const [making, running] = chapter.filter(({ language }) => language === 'sh');
        let at = folder;
        const run = async (line: string): Promise<void> => {
          if (line.startsWith('cd ')) {
            at = join(at, line.slice(3));
            return;
          }
          const { code, stdout, stderr } = await shell(line, at, environment);
          expect(code, `${line}\n${stdout}${stderr}`).toBe(0);
        };
        for (const line of making!.code.trim().split('\n')) {
          // The template has no lock file.
          if (line.startsWith('cargo add')) copyFileSync(join(root, 'Cargo.lock'), join(at, 'src-tauri/Cargo.lock'));
          await run(
            fromTarballs(line, packed).replace(
              /(?<=cargo add )tauri-plugin-throughline/,
              `--path "${join(root, 'crates/tauri-plugin-throughline')}"`,
            ),
          );
        }
        for (const { words, code } of chapter) {
          if (typeof words.file !== 'string') continue;
          mkdirSync(dirname(join(at, words.file)), { recursive: true });
          writeFileSync(join(at, words.file), code);
        }
        const main = join(at, 'src/main.ts');
        writeFileSync(main, `${first}\n${readFileSync(main, 'utf8')}`);
        const [build, program] = running!.code.trim().split('\n');
        await run(build!);

        const desktop = await openDesktop();
        const sink = await startOtlpSink();
        try {
          const greeter = await desktop.open(program!.replace('./src-tauri/target', target), {
            XDG_DATA_HOME: join(folder, 'data'),
            OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
          });
          await greeter.type('#greet-input', 'Ada');
          await greeter.click('button[type=submit]');
          await greeter.until(`document.querySelector('#greet-msg').textContent === 'Hello, Ada!'`);
          const greetings = () => sink.spans.filter(({ name }) => name === 'greet');
          await sink.until(() => greetings().length === 2 && sink.spans.some(({ name }) => name.startsWith('click')));
          const [asked, command] = [CLIENT, SERVER].map((kind) => greetings().find((span) => span.kind === kind)!);
          const click = sink.spans.find(({ name }) => name.startsWith('click'))!;
          expect(asked!.parentSpanId).toBe(click.spanId);
          expect(command!.parentSpanId).toBe(asked!.spanId);
          expect([asked, command].map((span) => span!.resource['service.name'])).toEqual(['greeter-page', 'greeter']);
          await greeter.kill();
        } finally {
          await desktop.close();
          await sink.close();
        }
      },
      BUILDING_MS,
    );
  },
);
