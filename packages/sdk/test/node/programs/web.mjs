// Knows nothing of telemetry: an HTTP server that asks another one, loaded with `import`.
import http, { get } from 'node:http';

const backend = http.createServer((request, response) => response.end(request.headers.traceparent ?? 'none'));
await new Promise((resolve) => backend.listen(0, '127.0.0.1', resolve));
const ask = process.argv.includes('fetch')
  ? async (url) => (await fetch(url)).text()
  : (url) =>
      new Promise((resolve, reject) => {
        get(url, (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (chunk) => (text += chunk));
          answer.on('end', () => resolve(text));
        }).on('error', reject);
      });
const frontend = http.createServer(async (_request, response) => {
  response.end(await ask(`http://127.0.0.1:${backend.address().port}/inner`));
});
await new Promise((resolve) => frontend.listen(0, '127.0.0.1', resolve));
console.log(`traceparent ${await ask(`http://127.0.0.1:${frontend.address().port}/outer`)}`);
for (const server of [frontend, backend]) {
  server.closeAllConnections();
  server.close();
}
