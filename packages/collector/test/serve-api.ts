import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ApiOptions, createApi } from '../src/api/create-api.js';

export interface ServedApi {
  readonly origin: string;
  readonly port: number;
  close(): Promise<void>;
}

/** The API on a free port of the loopback interface. */
export async function serveApi(options: Omit<ApiOptions, 'status'>): Promise<ServedApi> {
  const server = createServer(
    createApi({
      ...options,
      status: () => ({
        version: '0.0.0-test',
        startedUnixNano: '1',
        receive: { otlpHttp: 'http://127.0.0.1:4318', otlpGrpc: 'http://127.0.0.1:4317' },
      }),
    }),
  );
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
