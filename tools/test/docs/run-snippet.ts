import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { decodeTraces } from '../../../packages/testkit/src/otlp-proto.js';
import { otlpSink } from '../../../packages/testkit/src/otlp-sink.js';
import { chapterFolder } from './check-types.js';
import { place, type Snippet } from './read-snippets.js';

/**
 * Runs a snippet as a program of its own and checks what it printed (the `text` block behind it, `…` stands for anything) and which spans
 * arrived at a receiver that stands where the guides have a collector (`spans="one, another"`). Throws with the guide's file and line.
 *
 * `import=telemetry.mjs`: run with `--import`. `env="A=1 B=2"`: variables. `exit=1`: the exit code it must end with. `test`: by `node --test`.
 * `serve="/path"`: it is a server on `PORT`; it is asked for the path once and then ended by SIGTERM.
 */
export async function runSnippet(folder: string, snippet: Snippet, chapter: readonly Snippet[]): Promise<void> {
  const cwd = chapterFolder(folder, snippet);
  mkdirSync(cwd, { recursive: true });
  writeFileSync(join(cwd, 'package.json'), '{ "name": "my-program", "type": "module" }\n');
  const http = await otlpSink({ protocol: 'http1' });
  const grpc = await otlpSink({ protocol: 'grpc' });
  const atSink = (text: string) =>
    text.replaceAll('http://localhost:4318', http.url).replaceAll('http://localhost:4317', grpc.url);
  const save = async (name: string, one: Snippet) => {
    const { code } = await transform(atSink(one.code), {
      loader: one.language === 'tsx' ? 'tsx' : 'ts',
      format: 'esm',
      target: 'node20',
    });
    writeFileSync(join(cwd, name), code);
  };
  try {
    for (const one of chapter)
      if (typeof one.words.file === 'string') await save(one.words.file.replace(/\.tsx?$/, '.js'), one);
    const name = typeof snippet.words.file === 'string' ? snippet.words.file : `run-${snippet.line}.mjs`;
    await save(name.replace(/\.tsx?$/, '.js'), snippet);

    const { words } = snippet;
    const inherited = Object.entries(process.env).filter(
      ([key]) => !/^(OTEL_|VITEST|NODE_OPTIONS|FORCE_COLOR|NODE_ENV)/.test(key),
    );
    const given = typeof words.env === 'string' ? words.env.split(' ').map((pair) => pair.split(/=(.*)/s)) : [];
    const port = typeof words.serve === 'string' ? await freePort() : undefined;
    const ended = await runProgram(
      [
        ...(typeof words.import === 'string'
          ? ['--import', words.import.replace(/^(?=[^./@])(?=.*\.\w+$)/, './')]
          : []),
        ...(words.test ? ['--test'] : []),
        name.replace(/\.tsx?$/, '.js'),
      ],
      cwd,
      {
        ...Object.fromEntries(inherited),
        OTEL_EXPORTER_OTLP_ENDPOINT: http.url,
        PORT: String(port),
        ...Object.fromEntries(given),
      },
      port === undefined ? undefined : `http://127.0.0.1:${port}${words.serve}`,
    );
    const said = `\n--- standard output\n${ended.stdout}--- standard error\n${ended.stderr}`;
    const expectedCode = Number(words.exit ?? 0);
    if (ended.code !== expectedCode && port === undefined)
      throw new Error(`${place(snippet)}: the program ended with ${ended.code}, not ${expectedCode}${said}`);
    if (snippet.output !== undefined && !matches(ended.stdout, snippet.output))
      throw new Error(`${place(snippet)}: it does not print what the guide says\n${snippet.output}${said}`);
    if (typeof words.spans === 'string') {
      // Programs of the guides send metrics and log records too.
      const traces = [...http.received, ...grpc.received].filter(({ path }) => /traces|TraceService/.test(path));
      const names = traces.flatMap(({ body, headers }) =>
        headers['content-type'] === 'application/json' ? namesInJson(body) : namesInProtobuf(body),
      );
      for (const expected of words.spans.split(',').map((one) => one.trim()))
        if (!names.includes(expected))
          throw new Error(
            `${place(snippet)}: no span "${expected}" arrived, only: ${names.join(', ') || 'none'}${said}`,
          );
    }
  } finally {
    await http.close();
    await grpc.close();
  }
}

const namesInProtobuf = (body: Uint8Array): string[] =>
  decodeTraces(body).resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map((span) => span.name ?? '')),
  );

function namesInJson(body: Uint8Array): string[] {
  const request = JSON.parse(Buffer.from(body).toString()) as {
    resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[];
  };
  return request.resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map(({ name }) => name)),
  );
}

/** `…` within a line stands for any text, on a line of its own for any lines. */
export function matches(printed: string, expected: string): boolean {
  const pattern = expected
    .trim()
    .split('\n')
    .map((line) =>
      line.trim() === '…'
        ? '[\\s\\S]*'
        : line
            .trimEnd()
            .split('…')
            .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
            .join('.*'),
    )
    .join('\n');
  return new RegExp(`^${pattern}$`).test(printed.trim().replace(/[ \t]+$/gm, ''));
}

function runProgram(args: readonly string[], cwd: string, env: Record<string, string | undefined>, address?: string) {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    // A guide's program that does not end by itself is a mistake in the guide.
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
    if (address) void askUntilAnswered(address, child).finally(() => child.kill('SIGTERM'));
  });
}

async function askUntilAnswered(address: string, server: ChildProcess): Promise<void> {
  while (server.exitCode === null && server.signalCode === null) {
    const answer = await fetch(address).catch(() => undefined);
    if (answer) return void (await answer.text());
    await new Promise((again) => setTimeout(again, 20));
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
