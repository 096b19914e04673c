#!/usr/bin/env node
import { createLog, LOG_LEVELS, type Log } from '../ops/log.js';
import { doctor } from './doctor.js';
import { HELP, settingsFile, upHelp } from './help.js';
import { importFiles } from './import.js';
import { readSettings } from './read-settings.js';
import { suggest } from './suggest.js';
import type { RunningCollector } from './up.js';
import { UsageError } from './usage-error.js';
import { version } from './version.js';

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => void | Promise<void>>> = {
  up,
  doctor: async (args) => {
    process.exitCode = await doctor(args);
  },
  import: async (args) => {
    process.exitCode = await importFiles(args);
  },
  config: () => write(settingsFile()),
  version: () =>
    write(`throughline ${version()} (Node ${process.versions.node}, ${process.platform}-${process.arch})\n`),
  help: () => write(HELP),
};

function write(text: string): void {
  process.stdout.write(text);
}

async function up(args: readonly string[]): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) return write(upHelp());
  if (args.includes('--print-config')) return write(settingsFile());
  const settings = readSettings(args, process.env);
  // The other commands are there without the whole collector being read first.
  const { startCollector } = await import('./up.js');
  const isJson = settings['log-format'] === 'json';
  const log = createLog({
    format: isJson ? 'json' : 'text',
    level: LOG_LEVELS.find((level) => level === settings['log-level']) ?? 'info',
    write: (line) => process.stderr.write(line),
  });
  let collector: RunningCollector | undefined;
  let stopping = false;
  const stop = async (code: number): Promise<void> => {
    // Asked twice: somebody is in a hurry. What was acknowledged is on the disk.
    if (stopping) process.exit(130);
    stopping = true;
    await collector?.close().catch((error: unknown) => complain(error, isJson ? log : undefined));
    process.exit(code);
  };
  process.on('SIGINT', () => void stop(0));
  process.on('SIGTERM', () => void stop(0));

  collector = await startCollector(settings, log).catch((error: unknown) => {
    complain(error, isJson ? log : undefined);
    process.exit(1);
  });
  const { explorer, otlpHttp, otlpGrpc } = collector.addresses;
  if (isJson) {
    log('Throughline is up.', 'info', { version: version(), explorer, otlpHttp, otlpGrpc, mqtt: collector.mqtt });
    for (const notice of collector.notices) log(notice, 'warn');
  } else
    write(`
  Throughline ${version()}

  explorer    ${explorer}
  OTLP/HTTP   ${otlpHttp}
  OTLP/gRPC   ${otlpGrpc}
${collector.mqtt === undefined ? '' : `  OTLP/MQTT   ${collector.mqtt}\n`}
${collector.notices.map((notice) => `  ${notice}\n\n`).join('')}`);

  await collector.storeOpened.catch(async (error: unknown) => {
    if (stopping) return;
    complain(error, isJson ? log : undefined);
    await stop(1);
  });
}

/** To a person, or to who reads the log. */
function complain(error: unknown, log?: Log): void {
  const expected =
    error instanceof Error && ['UsageError', 'UnusableStoreError', 'MigrationError', 'StoreError'].includes(error.name);
  const what = expected ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (log === undefined) process.stderr.write(`throughline: ${what}\n`);
  else log(what, 'error');
}

async function main(): Promise<void> {
  const [first = 'help', ...rest] = process.argv.slice(2);
  const name =
    first === '--help' || first === '-h' ? 'help' : first === '--version' || first === '-v' ? 'version' : first;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined)
    throw new UsageError(
      `There is no command "${first}".${suggest(first, Object.keys(COMMANDS), 'throughline ')}\n\n${HELP}`,
    );
  await command(rest);
}

// Whoever read the output may leave before it ends (`throughline up | head`).
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

await main().catch((error: unknown) => {
  complain(error);
  process.exit(1);
});
