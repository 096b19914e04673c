// A server that takes everything: the other end of the requests whose sending must not hold a program up.

import { createServer } from 'node:http';

const server = createServer((request, answer) => {
  request.resume().once('end', () => answer.end());
});
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.once('disconnect', () => process.exit(0));
