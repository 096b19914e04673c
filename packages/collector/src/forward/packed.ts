import { Readable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';

/** The same in gzip, piece by piece. The same bytes always give the same ones. */
export async function* packed(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gzip = createGzip({ level: constants.Z_BEST_SPEED, chunkSize: 64 * 1024 });
  const source = Readable.from(pieces, { objectMode: true, highWaterMark: 1 });
  source.once('error', (error) => gzip.destroy(error));
  source.pipe(gzip);
  try {
    yield* gzip;
  } finally {
    source.destroy();
    gzip.destroy();
  }
}
