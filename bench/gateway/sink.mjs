/* Where a gateway hands on to in the bench: takes every batch, counts how often it has seen its id, and looks no further. */
import { createServer } from 'node:http';

const seen = new Set();
let twice = 0;
let expected = Number.POSITIVE_INFINITY;
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    const id = new URL(request.url, 'http://sink').searchParams.get('tl-batch');
    if (seen.has(id)) twice++;
    seen.add(id);
    response.writeHead(200, { 'content-length': 0 });
    response.end();
    if (seen.size === expected) process.send({ twice });
  });
});
server.listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}` }));
process.on('message', ({ expect }) => {
  expected = expect;
});
process.on('disconnect', () => process.exit());
