import { parseArgs } from 'node:util';
import type { Check, DoctorOptions } from './doctor/check.js';
import { diagnose } from './doctor/diagnose.js';
import { readCa, readHeader } from './request-options.js';
import { UsageError } from './usage-error.js';

const HELP = `throughline doctor [URL]: says why telemetry does not arrive.

Looks at the address, its name, the connection, TLS and the protocol, then sends a span and reads it back.
URL is what the program has as OTEL_EXPORTER_OTLP_ENDPOINT; default http://localhost:4318.

  --api URL          where to read the span back: Throughline's explorer port
                     (found by itself when it stands beside the receiver)
  --origin ORIGIN    check that a browser lets a page of this origin send,
                     as in --origin https://shop.example.com
  --header NAME=VALUE
                     send this header too, such as authorization; repeatable
  --ca FILE          trust this authority (PEM)
  --protocol http|grpc
                     what the program uses; default: what the server speaks
  --timeout SECONDS  how long to wait for each answer; default 5

Exit code: 0 all is well, 1 something is wrong, 2 the command was not understood.
`;

const MARKS: Readonly<Record<Check['outcome'], string>> = { ok: '✓', note: '!', failed: '✗', skipped: '–' };
const NAME_WIDTH = 12;

export interface DoctorOutput {
  readonly write: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The command: prints the list of checks as they are made and gives the exit code. */
export async function doctor(
  args: readonly string[],
  output: DoctorOutput = { write: (text) => void process.stdout.write(text), env: process.env },
): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    output.write(HELP);
    return 0;
  }
  let options: DoctorOptions;
  try {
    options = readOptions(args, output.env);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    output.write(`throughline doctor: ${error.message}\n\n${HELP}`);
    return 2;
  }
  output.write(`\n  Looking at ${options.url}\n\n`);
  let failed = 0;
  let last: Check | undefined;
  for await (const check of diagnose(options)) {
    output.write(lineOf(check));
    if (check.outcome === 'failed') failed++;
    last = check;
  }
  output.write(`\n  ${verdict(failed, last)}\n\n`);
  return failed === 0 ? 0 : 1;
}

function lineOf(check: Check): string {
  const indent = ' '.repeat(4 + NAME_WIDTH);
  const advice = check.advice === undefined ? '' : `${indent}→ ${check.advice}\n`;
  return `  ${MARKS[check.outcome]} ${check.name.padEnd(NAME_WIDTH)}${check.message}\n${advice}`;
}

function verdict(failed: number, last: Check | undefined): string {
  if (failed > 0) return failed === 1 ? 'One thing is wrong.' : `${failed} things are wrong; begin with the first.`;
  if (last?.name === 'read back' && last.outcome === 'ok') {
    return 'All is well: spans sent to this address arrive. If those of a program do not, it sends elsewhere, ends before it has sent, or did not choose the trace.';
  }
  return 'The address takes spans.';
}

function readOptions(args: readonly string[], env: DoctorOutput['env']): DoctorOptions {
  const { values, positionals } = parse(args);
  if (positionals.length > 1) throw new UsageError(`One address at a time; ${positionals[1]} is a second one.`);
  const { protocol, timeout = '5' } = values;
  if (protocol !== undefined && protocol !== 'http' && protocol !== 'grpc')
    throw new UsageError('--protocol is http or grpc.');
  const seconds = Number(timeout);
  if (!(seconds > 0 && seconds <= 600)) throw new UsageError('--timeout is a number of seconds, up to 600.');
  return {
    url:
      positionals[0] ??
      env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ??
      env.OTEL_EXPORTER_OTLP_ENDPOINT ??
      'http://localhost:4318',
    api: values.api,
    origin: values.origin,
    headers: Object.fromEntries((values.header ?? []).map(readHeader)),
    ca: values.ca === undefined ? undefined : readCa(values.ca),
    protocol,
    timeoutMs: seconds * 1000,
    env,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        api: { type: 'string' },
        origin: { type: 'string' },
        header: { type: 'string', multiple: true },
        ca: { type: 'string' },
        protocol: { type: 'string' },
        timeout: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
