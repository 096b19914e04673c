import { rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fileFormat, HEAD_BYTES } from '../receive/files/file-format.js';
import { emptyTally, handIn, type Submit, type Tally } from '../receive/files/hand-in.js';
import { readFrames } from '../receive/files/read-frames.js';
import { readLines } from '../receive/files/read-lines.js';
import { leftOver, nameBeforeTaking, takeAway } from '../receive/files/taken-files.js';
import { withFile } from '../receive/files/with-file.js';
import { type Collector, ImportStopped, type OverHttp, submitOverHttp } from './import/submit-over-http.js';
import { readCa, readHeader } from './request-options.js';
import { UsageError } from './usage-error.js';
import { whyUnreadable } from './why-unreadable.js';

const HELP = `throughline import FILE…: hands telemetry from files to a collector that runs.

Takes files of Throughline's frames, as programs under WASI and the SDK's fileTransport write
them, and of OTLP/JSON lines, as OpenTelemetry's file exporters write them. Each batch is kept
once, also when the import is interrupted and started again.

A file of frames is emptied: it is renamed, handed in and removed, while its writers go on in
a new one. A file of lines stays as it is.

  --to URL           the collector; default OTEL_EXPORTER_OTLP_ENDPOINT, http://localhost:4318
  --header NAME=VALUE
                     send this header too, such as authorization; repeatable
  --ca FILE          trust this authority (PEM)
  --patience SECONDS how long to wait for a collector that is away or busy; default 60

Exit code: 0 everything was handed in (what was damaged is said), 1 something was not,
2 the command was not understood.
`;

export interface ImportOutput {
  readonly write: (text: string) => void;
  /** What a person should know beside the result. */
  readonly complain: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const OUTPUT: ImportOutput = {
  write: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
  env: process.env,
};

/** The command; gives the exit code. */
export async function importFiles(args: readonly string[], output: ImportOutput = OUTPUT): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    output.write(HELP);
    return 0;
  }
  let given: { readonly files: readonly string[]; readonly collector: Collector };
  try {
    given = readOptions(args, output.env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    output.complain(`throughline import: ${error.message}\n`);
    return 2;
  }
  const http = submitOverHttp(given.collector);
  let code = 0;
  try {
    for (const file of given.files) {
      try {
        await importFile(file, http, output);
      } catch (error) {
        code = 1;
        if (!(error instanceof UsageError) && !(error instanceof ImportStopped)) throw error;
        output.complain(`throughline import: ${error.message}\n`);
        if (error instanceof ImportStopped) break;
      }
    }
  } finally {
    http.close();
  }
  return code;
}

async function importFile(file: string, http: OverHttp, output: ImportOutput): Promise<void> {
  const say = (line: string): void => output.complain(`${line}\n`);
  const path = resolve(file);
  const unfinished = await leftOver(path);
  const format = await formatOf(file, path, unfinished.length > 0);
  await http.reach();
  if (format === 'lines') {
    const tally = emptyTally();
    await withFile(path, async (read, handle) => {
      const { size } = await handle.stat();
      await handIn(file, readLines(read, 0, size, true), http.submit, tally, say);
    });
    report(file, tally, 'The file stays as it is', output);
    return;
  }
  const tally = emptyTally();
  const files = [...unfinished];
  if (format === 'frames') {
    const own = nameBeforeTaking(path) === undefined ? await takeOrSay(file, path) : path;
    if (own !== undefined) files.push(own);
  }
  for (const taken of files) await takeFrames(file, taken, http.submit, tally, say);
  report(file, tally, format === 'frames' || files.length > 0 ? 'The file is empty' : 'The file was empty', output);
}

async function takeOrSay(file: string, path: string): Promise<string | undefined> {
  try {
    return await takeAway(path);
  } catch (error) {
    throw new UsageError(
      `${file} cannot be emptied: this user may not rename it (${(error as NodeJS.ErrnoException).code}).`,
    );
  }
}

async function takeFrames(
  file: string,
  taken: string,
  submit: Submit,
  tally: Tally,
  say: (line: string) => void,
): Promise<void> {
  try {
    await withFile(taken, async (read, handle) => {
      const { size } = await handle.stat();
      await handIn(file, readFrames(read, 0, size), submit, tally, say);
    });
  } catch (error) {
    // Another import, or a watched folder, has finished it meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    if (error instanceof ImportStopped)
      throw new ImportStopped(`${error.message} What is left of ${file} waits in ${taken}; run the command again.`);
    throw error;
  }
  if (tally.unfinishedAt !== undefined)
    say(
      `${file}: the end from offset ${tally.unfinishedAt} on is not whole and was left out; its writer was interrupted.`,
    );
  await rm(taken, { force: true });
}

async function formatOf(file: string, path: string, hasLeftOver: boolean): Promise<'frames' | 'lines' | 'empty'> {
  const found = await stat(path).catch((error: unknown) => {
    if (hasLeftOver && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UsageError(`${file} cannot be read: ${whyUnreadable(error)}.`);
  });
  if (found === undefined) return 'empty';
  if (found.isDirectory())
    throw new UsageError(
      `${file} is a directory; \`throughline up --watch ${file}\` takes what programs leave in one.`,
    );
  const format = await withFile(path, async (read) => fileFormat(await read(0, HEAD_BYTES))).catch((error: unknown) => {
    throw new UsageError(`${file} cannot be read: ${whyUnreadable(error)}.`);
  });
  if (format.kind === 'other') throw new UsageError(`${file} ${format.why}.`);
  return format.kind;
}

const NOUNS = [
  ['traces', 'spans'],
  ['metrics', 'data points'],
  ['logs', 'log records'],
] as const;

function report(file: string, tally: Tally, after: string, output: ImportOutput): void {
  const items = NOUNS.filter(([signal]) => tally.items[signal] > 0).map(
    ([signal, noun]) => `${tally.items[signal]} ${noun}`,
  );
  const taken = tally.batches === 0 ? 'nothing to take' : `${tally.batches} batches taken: ${items.join(', ')}`;
  const rejected = tally.rejected > 0 ? `, ${tally.rejected} of them not kept` : '';
  const damaged = tally.damaged > 0 ? ` ${tally.damaged} damaged places were skipped.` : '';
  output.write(`${file}: ${taken}${rejected}. ${after}.${damaged}\n`);
}

function readOptions(args: readonly string[], env: ImportOutput['env']) {
  const { values, positionals: files } = parse(args);
  if (files.length === 0) throw new UsageError('Which file? See throughline import --help.');
  const seconds = Number(values.patience ?? '60');
  if (!(seconds > 0 && seconds <= 86_400)) throw new UsageError('--patience is a number of seconds, up to 86400.');
  const to = values.to ?? env.OTEL_EXPORTER_OTLP_ENDPOINT ?? 'http://localhost:4318';
  const url = URL.canParse(to) ? new URL(to) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError(`--to must be an address like http://localhost:4318, not "${to}".`);
  return {
    files,
    collector: {
      url,
      headers: Object.fromEntries((values.header ?? []).map(readHeader)),
      ca: values.ca === undefined ? undefined : readCa(values.ca),
      patienceMs: seconds * 1000,
    },
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        to: { type: 'string' },
        header: { type: 'string', multiple: true },
        ca: { type: 'string' },
        patience: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
