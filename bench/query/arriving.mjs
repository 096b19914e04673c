import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Spans of now, so many a second, from a process of its own, until it is stopped. */
export async function startArriving(url, rate) {
  const options = {
    url,
    spans: rate * 3600,
    gzip: false,
    firstSerial: 50_000_000,
    connections: 8,
    spanOfHours: 0.05,
    rate,
  };
  const sender = fork(fileURLToPath(new URL('../ingest/sender.mjs', import.meta.url)), [JSON.stringify(options)]);
  await new Promise((resolve, reject) => {
    sender.once('message', resolve);
    sender.once('exit', (code) => reject(new Error(`the sender ended with ${code}`)));
  });
  sender.send('go');
  return {
    async stop() {
      const exited = new Promise((resolve) => sender.once('exit', resolve));
      sender.kill('SIGKILL');
      await exited;
    },
  };
}
