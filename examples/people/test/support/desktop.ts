import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { desktopTools } from './desktop-tools.js';

/** A screen of its own, on which programs are driven as a person would. */
export interface Desktop {
  /** Starts `program` with these variables beside a minimal environment and waits for its page. */
  open(program: string, env: Readonly<Record<string, string>>): Promise<Program>;
  /** Starts it without anybody who looks at its page, and waits for nothing. */
  start(program: string, env: Readonly<Record<string, string>>): Pick<Program, 'kill'>;
  close(): Promise<void>;
}

export interface Program {
  readonly pid: number;
  /** The value of an expression in the page; a promise's is waited for. */
  evaluate<T>(expression: string): Promise<T>;
  click(selector: string): Promise<void>;
  type(selector: string, text: string): Promise<void>;
  /** Resolves when the expression is true; an error that names it after 90 s. */
  until(expression: string): Promise<void>;
  /** The window as a PNG. */
  screenshot(): Promise<Buffer>;
  /** As if the machine had lost its power, but for the disk. Nothing of it is asked to do anything any more. */
  kill(): Promise<void>;
  /** Waits until the program has ended, by its own doing. */
  ended(): Promise<void>;
}

/** `quiet`: what programs say about themselves is not shown. */
export async function openDesktop({ quiet = false } = {}): Promise<Desktop> {
  const runtimeDir = mkdtempSync(join(tmpdir(), 'throughline-desktop-'));
  const { process: screen, display } = await startScreen();
  const drivers = new Set<ChildProcess>();
  const output = quiet ? 'ignore' : 'inherit';
  const run = (program: string, args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess =>
    spawn(program, args, {
      env: {
        PATH: process.env.PATH,
        HOME: runtimeDir,
        XDG_RUNTIME_DIR: runtimeDir,
        TMPDIR: tmpdir(),
        DISPLAY: display,
        GDK_BACKEND: 'x11',
        // There is no accessibility bus.
        NO_AT_BRIDGE: '1',
        ...env,
      },
      stdio: ['ignore', output, output],
    });
  /**
   * Once in some hundred starts driver and program were seen to wait for each other for ever; they meet at a port which the driver has found free, and
   * which somebody else may have taken since. So both are started again.
   */
  async function openSession(program: string, env: Readonly<Record<string, string>>) {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const driver = run(desktopTools!.driver, [`--port=${port}`], { TAURI_WEBVIEW_AUTOMATION: 'true', ...env });
      drivers.add(driver);
      const wire = webDriver(`http://127.0.0.1:${port}`);
      try {
        await wire.ready(driver);
        const { sessionId } = (await wire.call(
          'POST',
          '/session',
          {
            // An element is looked for until the page has it.
            capabilities: {
              alwaysMatch: { 'webkitgtk:browserOptions': { binary: program }, timeouts: { implicit: 20_000 } },
            },
          },
          SESSION_MS,
        )) as { sessionId: string };
        return { driver, wire, sessionId };
      } catch (error) {
        drivers.delete(driver);
        const started = childOf(driver.pid!);
        driver.kill('SIGKILL');
        if (started !== undefined) {
          try {
            process.kill(started, 'SIGKILL');
          } catch {
            // It has ended by itself.
          }
          await gone(started);
        }
        if (attempt === 3) throw error;
        console.warn(`${error}: the driver and ${program} are started again`);
      }
    }
  }
  return {
    start(program, env) {
      const child = run(program, [], env);
      return {
        async kill() {
          child.kill('SIGKILL');
          if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
        },
      };
    },
    async open(program, env) {
      const { driver, wire, sessionId } = await openSession(program, env);
      const stopDriver = async (): Promise<void> => {
        drivers.delete(driver);
        if (driver.exitCode !== null || driver.signalCode !== null) return;
        driver.kill('SIGKILL');
        await once(driver, 'exit');
      };
      return drive(
        (method, path, body) => wire.call(method, `/session/${sessionId}${path}`, body),
        childOf(driver.pid!)!,
        stopDriver,
      );
    },
    async close() {
      for (const driver of drivers) driver.kill('SIGKILL');
      screen.kill();
      await once(screen, 'exit');
      rmSync(runtimeDir, { recursive: true, force: true });
    },
  };
}

type Call = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<unknown>;

function drive(call: Call, pid: number, stopDriver: () => Promise<void>): Program {
  const element = async (selector: string): Promise<string> => {
    const found = await call('POST', '/element', { using: 'css selector', value: selector });
    return Object.values(found as Record<string, string>)[0]!;
  };
  const program: Program = {
    pid,
    evaluate: async <T>(expression: string) =>
      (await call('POST', '/execute/async', {
        script: `const done = arguments[arguments.length - 1];
          Promise.resolve().then(() => (${expression})).then(done, (error) => done({ thrown: String(error) }));`,
        args: [],
      })) as T,
    async click(selector) {
      await call('POST', `/element/${await element(selector)}/click`, {});
    },
    async type(selector, text) {
      const id = await element(selector);
      await call('POST', `/element/${id}/clear`, {});
      await call('POST', `/element/${id}/value`, { text });
    },
    async until(expression) {
      const deadline = performance.now() + ANSWER_MS;
      while (!(await program.evaluate(`!!(${expression})`)))
        if (performance.now() > deadline)
          throw new Error(`In the page ${expression} did not become true within ${ANSWER_MS / 1000} s`);
    },
    screenshot: async () => Buffer.from((await call('GET', '/screenshot')) as string, 'base64'),
    async kill() {
      process.kill(pid, 'SIGKILL');
      await stopDriver();
      await gone(pid);
    },
    async ended() {
      await gone(pid);
      await stopDriver();
    },
  };
  return program;
}

function webDriver(url: string) {
  return {
    async ready(driver: ChildProcess): Promise<void> {
      // Whoever else may have taken the port does not answer so.
      const isReady = () =>
        ask('GET', `${url}/status`).then(
          ({ value }) => (value as { ready?: unknown } | undefined)?.ready !== undefined,
          () => false,
        );
      while (driver.exitCode === null && !(await isReady())) await pause();
      if (driver.exitCode !== null) throw new Error(`WebKitWebDriver ended with ${driver.exitCode}`);
    },
    async call(method: string, path: string, body?: object, answerMs?: number): Promise<unknown> {
      const { value } = await ask(method, `${url}${path}`, body, answerMs);
      const { error, message } = (value ?? {}) as { error?: string; message?: string };
      if (error) throw new Error(`${method} ${path}: ${error}: ${message}`);
      return value;
    },
  };
}

/** A new session is the start of the program: seconds, also on a busy machine. */
const SESSION_MS = 45_000;
/** No question to the driver takes longer; a test should fail with the question, not with its own time-out. */
const ANSWER_MS = 90_000;

/** A connection each: the driver was seen to leave a second request of one unanswered. */
async function ask(
  method: string,
  url: string,
  body?: object,
  answerMs = ANSWER_MS,
): Promise<{ readonly value: unknown }> {
  const signal = AbortSignal.timeout(answerMs);
  const asked = request(url, { method, agent: false, signal });
  asked.end(body && JSON.stringify(body));
  try {
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return JSON.parse(await text(answer));
  } catch (error) {
    if (signal.aborted) throw new Error(`${method} ${url}: the driver did not answer within ${answerMs / 1000} s`);
    throw error;
  }
}

async function startScreen(): Promise<{ process: ChildProcess; display: string }> {
  // It chooses a free number itself and says which.
  const screen = spawn(desktopTools!.screen, ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const [number] = (await once(createInterface({ input: screen.stdio[3] as NodeJS.ReadableStream }), 'line')) as [
    string,
  ];
  return { process: screen, display: `:${number}` };
}

/** The program that the driver has started, if it has. */
function childOf(parent: number): number | undefined {
  try {
    const [child] = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').split(' ');
    return child ? Number(child) : undefined;
  } catch {
    return undefined;
  }
}

async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      // Its parent may not have asked what became of it: a zombie runs no more.
      if (/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return;
    } catch {
      return;
    }
    await pause();
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 10));

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
