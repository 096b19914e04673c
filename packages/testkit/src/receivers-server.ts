import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { decodeSpans } from './decode-spans.js';
import { freePort } from './free-port.js';
import { answersOf } from './otlp-answers.js';
import { type Answer, type OtlpSink, otlpSink, type Received, type SinkProtocol } from './otlp-sink.js';
import type { Arrived, ArrivedSpan, Command, Says } from './receivers.js';
import type { CaseResult } from './suite.js';

export interface ReceiversServer extends AsyncDisposable {
  /** Where `receiversOver` asks. */
  readonly url: string;
  /** Resolves with what the runtime reports; rejects when it is closed before. */
  readonly reported: Promise<readonly CaseResult[]>;
}

interface OpenSink {
  readonly sink: OtlpSink;
  readonly protocol: SinkProtocol;
}

type OfSink = Extract<Command, { do: 'answer' | 'arrived' | 'spans' | 'connections' | 'drop' }>;

interface Mute {
  readonly connected: Promise<void>;
  close(): Promise<void>;
}

/**
 * The side of `Receivers` that has sockets: opens real receivers on loopback for cases that run elsewhere, and takes the results. Answers any
 * origin, without a preflight.
 */
export async function receiversServer(): Promise<ReceiversServer> {
  const sinks = new Map<string, OpenSink>();
  const mutes = new Map<string, Mute>();
  let report: (results: readonly CaseResult[]) => void;
  let giveUp: (error: Error) => void;
  const reported = new Promise<readonly CaseResult[]>((resolve, reject) => {
    report = resolve;
    giveUp = reject;
  });
  // Who does not wait for a report is not told of its absence.
  reported.catch(() => {});

  async function obey(command: Command): Promise<unknown> {
    switch (command.do) {
      case 'open': {
        const { protocol } = command;
        const sink = await otlpSink({ protocol });
        sinks.set(sink.url, { sink, protocol });
        return sink.url;
      }
      case 'open-mute': {
        const { url, mute } = await openMute();
        mutes.set(url, mute);
        return url;
      }
      case 'unused':
        return `http://127.0.0.1:${await freePort()}`;
      case 'report':
        return report(command.results);
      case 'fail':
        return giveUp(new Error(`the program failed: ${command.reason}`));
      case 'connected':
        return mutes.get(command.at)!.connected;
      case 'close':
        return (mutes.get(command.at) ?? sinks.get(command.at)!.sink).close();
      default:
        return obeyOf(sinks.get(command.at)!, command);
    }
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const head = { 'access-control-allow-origin': '*', 'content-type': 'application/json' };
      try {
        const result = await obey(JSON.parse(Buffer.concat(chunks).toString()));
        response.writeHead(200, head).end(JSON.stringify(result ?? null));
      } catch (error) {
        response.writeHead(500, head).end(String((error as Error).stack));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    reported,
    async [Symbol.asyncDispose]() {
      giveUp(new Error('nothing was reported'));
      await Promise.all([
        ...[...sinks.values()].map(({ sink }) => sink.close()),
        ...[...mutes.values()].map((one) => one.close()),
      ]);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function obeyOf({ sink, protocol }: OpenSink, command: OfSink): Promise<unknown> {
  switch (command.do) {
    case 'answer':
      return sink.answers.push(...command.says.map((says) => answer(protocol, says)));
    case 'arrived':
      await sink.arrived(command.count);
      return sink.received.map(plain);
    case 'spans':
      for (;;) {
        const spans = spansOf(sink.received);
        if (spans.length >= command.count) return spans;
        await sink.arrived(sink.received.length + 1);
      }
    case 'connections':
      return sink.connections;
    case 'drop':
      return sink.dropConnections();
  }
}

function answer(protocol: SinkProtocol, says: Says): Answer {
  const words = answersOf[protocol];
  switch (says.kind) {
    case 'accept':
      return { delayMs: says.delayMs ?? 0 };
    case 'partial':
      return words.partial(says.rejected, says.message);
    case 'busy':
      return words.busy(says.message, says.afterSeconds);
    case 'refuse':
      return words.refused(says.message);
    case 'too-large':
      return words.tooLarge(says.message);
    case 'cut':
      return { cut: true };
    case 'silent':
      return { silent: true };
  }
}

const plain = ({ path, headers, batchId, body }: Received): Arrived => ({
  path,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
  batchId,
  body: [...body],
});

/** Of what was accepted, as a collector does: a batch whose answer the program did not see comes again under its id, and counts once. */
function spansOf(received: readonly Received[]): ArrivedSpan[] {
  const seen = new Set<string>();
  return received.flatMap((one) => {
    if (!one.taken || (one.batchId !== undefined && seen.has(one.batchId))) return [];
    if (one.batchId !== undefined) seen.add(one.batchId);
    return decodeSpans(one.body, one.headers['content-type'] === 'application/json');
  });
}

async function openMute(): Promise<{ readonly url: string; readonly mute: Mute }> {
  const sockets = new Set<Socket>();
  let connected: () => void;
  const first = new Promise<void>((resolve) => {
    connected = resolve;
  });
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.resume();
    connected();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url, mute: { connected: first, close } };
}

/** A port that nobody listens on. */
