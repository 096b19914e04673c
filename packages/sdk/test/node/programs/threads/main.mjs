// A program that has work done in threads: `node main.mjs <count> [terminate|flush]`.
import { MessageChannel, Worker } from 'node:worker_threads';
import { traceMessages } from '@throughline/sdk/messages';
import { start } from '@throughline/sdk/node';

const telemetry = start({ serviceName: 'threads' });
const [, , count = '3', how = 'end'] = process.argv;
const worker = traceMessages(telemetry, new Worker(new URL('./worker.mjs', import.meta.url)), { name: 'prices' });
const answers = [];

for (let at = 0; at < Number(count); at++) {
  await telemetry.measure(`ask ${at}`, async () => {
    const answer = new Promise((resolve) => worker.once('message', resolve));
    worker.postMessage({ price: at });
    answers.push((await answer).total);
  });
}

// The same over a pair of ports that both threads hold.
const { port1, port2 } = new MessageChannel();
traceMessages(telemetry, port1, { name: 'side' });
await telemetry.measure('ask aside', async () => {
  const answer = new Promise((resolve) => {
    port1.onmessage = ({ data }) => resolve(data);
  });
  worker.postMessage({ port: port2 }, [port2]);
  port1.postMessage('side');
  answers.push(await answer);
});
port1.close();
console.log(JSON.stringify(answers));

if (how === 'flush') {
  const answer = new Promise((resolve) => worker.once('message', resolve));
  worker.postMessage({ slowly: 100 });
  await answer;
  await telemetry.flush();
  await worker.terminate();
} else if (how === 'terminate') {
  const burst = new Promise((resolve) => worker.once('message', resolve));
  worker.postMessage({ burst: 100 });
  await burst;
  await worker.terminate();
} else worker.postMessage({ end: true });
