// A collector that only counts: the other end of the paced load, in a process of its own. On the message `count` it says what came.

import { createServer } from 'node:http';
import { countSpans } from './count-spans.mjs';

let spans = 0;
let requests = 0;
const server = createServer((request, answer) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.once('end', () => {
    spans += countSpans(Buffer.concat(chunks));
    requests++;
    answer.setHeader('content-type', 'application/x-protobuf').end();
  });
});
process.on('message', () => process.send({ spans, requests }));
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.once('disconnect', () => process.exit(0));
