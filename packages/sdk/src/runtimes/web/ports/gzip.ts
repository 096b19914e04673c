import type { Compressor } from '../../../core/ports.js';

/**
 * `start({ compressor: gzip() })`: bodies compressed by the browser itself. `undefined` where it has no `CompressionStream`. A
 * `content-encoding` is a header of ours: another origin's collector is asked first (a preflight per address).
 */
export const gzip = (): Compressor | undefined =>
  typeof CompressionStream === 'function'
    ? {
        encoding: 'gzip',
        async compress(bytes) {
          const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new CompressionStream('gzip'));
          return new Uint8Array(await new Response(stream).arrayBuffer());
        },
      }
    : undefined;
