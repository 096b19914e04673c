import { request } from 'node:http';

export interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  json<T = unknown>(): T;
}

/** With `http.request`, because fetch neither sends a `Host` of one's own nor leaves compressed bytes alone. */
export function getFrom(
  path: string,
  options: { readonly method?: string; readonly headers?: Record<string, string>; readonly port: number },
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, port } = options;
    const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const body = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body,
          json: () => JSON.parse(body.toString()),
        });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}
