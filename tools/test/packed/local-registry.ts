import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LocalRegistry {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * A registry on loopback that has the package as it would be published, so that a guide's own command installs it (`deno add npm:@throughline/sdk`), and
 * sends whoever asks for another to `elsewhere`.
 */
export async function localRegistry(
  tarball: string,
  manifest: { readonly name: string; readonly version: string },
  elsewhere: string,
): Promise<LocalRegistry> {
  const bytes = readFileSync(tarball);
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url!);
    if (path === '/sdk.tgz') response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(bytes);
    else if (path === `/${manifest.name}`)
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    else response.writeHead(302, { location: new URL(request.url!.slice(1), elsewhere).href }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const dist = {
    tarball: `${url}sdk.tgz`,
    integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
    shasum: createHash('sha1').update(bytes).digest('hex'),
  };
  const document = {
    name: manifest.name,
    'dist-tags': { latest: manifest.version },
    versions: { [manifest.version]: { ...manifest, dist } },
  };
  return {
    url,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
