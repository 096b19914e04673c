import { appendFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Transport } from '../core/ports.js';
import { exportRequestToJson } from '../core/wire/export-request-to-json.js';

/**
 * Batches as lines of OTLP/JSON (specification "OpenTelemetry Protocol File Exporter"): to `stdout`, or to the file of a `file:` address, which is
 * appended to.
 */
export function otlpLinesTransport(stream = 'stdout'): Transport {
  const path = stream === 'stdout' ? undefined : fileURLToPath(stream);
  let last: Promise<unknown> = Promise.resolve();
  return {
    destination: stream,
    async send({ signal, bytes }) {
      const line = `${exportRequestToJson(signal, bytes)}\n`;
      try {
        // One after the other, so that no line stands in another.
        const written = last.then(() => (path === undefined ? write(line) : appendFile(path, line)));
        last = written.catch(() => undefined);
        await written;
        return { kind: 'accepted', rejectedItems: 0 };
      } catch (error) {
        return { kind: 'retry', reason: `${stream}: ${(error as Error).message}` };
      }
    },
  };
}

const write = (line: string): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(line, (error) => (error ? reject(error) : resolve()));
  });
