// Takes OTLP/HTTP traces, counts their spans and keeps nothing. Says its address, and how many when it is asked.

import { createServer } from 'node:http';
import { countItems } from '../../packages/collector/dist/process/count-items.js';

let spans = 0;
const server = createServer((request, answer) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    spans += countItems(Buffer.concat(chunks), 'traces').items ?? 0;
    answer.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
});
server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}`));
process.on('message', () => process.send(spans));
process.once('disconnect', () => process.exit(0));
