#!/usr/bin/env node
import { createLog, LOG_LEVELS, type Log } from '../ops/log.js';
import { gatewayHelp, HELP, settingsFile, upHelp } from './help.js';
import { GATEWAY, readSettings } from './read-settings.js';
import { suggest } from './suggest.js';
import { UsageError } from './usage-error.js';
import { version } from './version.js';

const COMMANDS: Readonly<Record<string, (args: readonly string[]) => void | Promise<void>>> = {
  up,
  gateway,
  // Each reads what is its own: a gateway on a small machine has nothing of the others in memory.
  doctor: async (args) => {
    const { doctor } = await import('./doctor.js');
    process.exitCode = await doctor(args);
  },
  import: async (args) => {
    const { importFiles } = await import('./import.js');
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
  await serve(settings, async (log) => {
    const collector = await startCollector(settings, log);
    const { explorer, otlpHttp, otlpGrpc } = collector.addresses;
    return {
      ...collector,
      addresses: {
        explorer,
        'OTLP/HTTP': otlpHttp,
        'OTLP/gRPC': otlpGrpc,
        'OTLP/MQTT': collector.mqtt,
        forward: collector.forward,
      },
      fields: { explorer, otlpHttp, otlpGrpc, mqtt: collector.mqtt, forward: collector.forward },
      running: collector.storeOpened,
    };
  });
}

async function gateway(args: readonly string[]): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) return write(gatewayHelp());
  const settings = readSettings(args, process.env, GATEWAY);
  const { startGateway } = await import('./gateway.js');
  await serve(settings, async (log) => {
    const started = await startGateway(settings, log);
    const { status, otlpHttp, otlpGrpc } = started.addresses;
    const to = started.destinations.join(', ');
    return {
      ...started,
      addresses: { to, 'OTLP/HTTP': otlpHttp, 'OTLP/gRPC': otlpGrpc, 'OTLP/MQTT': started.mqtt, status },
      fields: { to, otlpHttp, otlpGrpc, mqtt: started.mqtt, status },
      running: Promise.resolve(),
    };
  });
}

/** What runs until it is told to stop. */
interface Serving {
  /** For a person, by name. */
  readonly addresses: Readonly<Record<string, string | undefined>>;
  /** The same for a program. */
  readonly fields: Readonly<Record<string, string | undefined>>;
  readonly notices: readonly string[];
  /** Rejects where it turns out that it cannot go on. */
  readonly running: Promise<void>;
  close(): Promise<void>;
}

async function serve(
  settings: { readonly 'log-format': string | undefined; readonly 'log-level': string | undefined },
  start: (log: Log) => Promise<Serving>,
): Promise<void> {
  const isJson = settings['log-format'] === 'json';
  const log = createLog({
    format: isJson ? 'json' : 'text',
    level: LOG_LEVELS.find((level) => level === settings['log-level']) ?? 'info',
    write: (line) => process.stderr.write(line),
  });
  let serving: Serving | undefined;
  let stopping = false;
  const stop = async (code: number): Promise<void> => {
    // Asked twice: somebody is in a hurry. What was acknowledged is on the disk.
    if (stopping) process.exit(130);
    stopping = true;
    await serving?.close().catch((error: unknown) => complain(error, isJson ? log : undefined));
    process.exit(code);
  };
  process.on('SIGINT', () => void stop(0));
  process.on('SIGTERM', () => void stop(0));

  serving = await start(log).catch((error: unknown) => {
    complain(error, isJson ? log : undefined);
    process.exit(1);
  });
  const { addresses, fields, notices } = serving;
  if (isJson) {
    log('Throughline is up.', 'info', { version: version(), ...fields });
    for (const notice of notices) log(notice, 'warn');
  } else {
    const lines = Object.entries(addresses).filter(([, address]) => address !== undefined);
    write(`
  Throughline ${version()}

${lines.map(([name, address]) => `  ${name.padEnd(11)} ${address}\n`).join('')}
${notices.map((notice) => `  ${notice}\n\n`).join('')}`);
  }

  await serving.running.catch(async (error: unknown) => {
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
