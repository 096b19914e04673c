import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UsageError } from './usage-error.js';

/** Resolves with the port that was taken. Rejects with the system's error. */
function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((done, failed) => {
    server.once('error', failed);
    server.listen({ host, port, exclusive: true }, () => {
      server.removeListener('error', failed);
      // Out of file descriptors, say: the connection that could not be taken is lost, not the server.
      server.on('error', () => undefined);
      done((server.address() as AddressInfo).port);
    });
  });
}

/** The given port, or the next free one of the twenty after it. */
export async function listenNear(server: Server, host: string, port: number): Promise<number> {
  for (let offset = 0; ; offset++) {
    try {
      return await listen(server, host, port + offset);
    } catch (error) {
      if ((error as { code?: string }).code !== 'EADDRINUSE' || offset === 20) throw error;
    }
  }
}

/** What a person should do about a port that could not be taken. */
export function portProblem(error: unknown, what: string, flag: string, host: string, port: number): UsageError {
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'EADDRINUSE' || /EADDRINUSE|address already in use/i.test(message ?? '')) {
    return new UsageError(
      `Port ${port} (${what}) is taken by another program, perhaps another collector. Stop it, or choose another port with --${flag}.`,
    );
  }
  if (code === 'EACCES')
    return new UsageError(
      `Port ${port} (${what}) needs rights that this user does not have. Choose one above 1023 with --${flag}.`,
    );
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new UsageError(`${host} is not an address of this machine. Choose another with --host.`);
  return new UsageError(`Port ${port} (${what}) cannot be opened: ${message ?? String(error)}`);
}

export function url(protocol: 'http' | 'https', host: string, port: number): string {
  // An address that means "all of them" is no address to go to.
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  return `${protocol}://${name}:${port}`;
}

/** Lets requests under way finish for at most `limitMs`. */
export function closeServer(server: Server, limitMs: number): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(() => server.closeAllConnections(), limitMs);
    server.close(() => {
      clearTimeout(timer);
      done();
    });
    server.closeIdleConnections();
  });
}
