import type { Readable } from 'node:stream';
import type { Ticket } from '../admit/admission.js';
import type { IncomingBody } from './incoming-body.js';

export type Arrival =
  | 'whole'
  | 'too-large'
  /** There is none in memory; the admission says why. */
  | 'no-room'
  /** Others waited for its room. */
  | 'slow'
  /** The sender went away in the middle. */
  | 'gone';

/**
 * Reads a request's body until it is whole or there is a reason not to go on; then nothing more is read, and the stream is left as it is. `look` sees what has arrived after each piece,
 * and may end it.
 */
export function receiveBody(
  stream: Readable,
  body: IncomingBody,
  ticket: Ticket,
  maxBytes: number,
  look: () => boolean = () => true,
): Promise<Arrival> {
  return new Promise((done) => {
    const end = (arrival: Arrival): void => {
      stream.removeListener('data', onData);
      stream.removeListener('end', onEnd);
      stream.removeListener('close', onClose);
      ticket.arrived();
      if (arrival !== 'whole') stream.pause();
      done(arrival);
    };
    const onData = (piece: Buffer): void => {
      if (body.bytes + piece.length > maxBytes) end('too-large');
      else if (!body.add(piece)) end('no-room');
      else if (!look()) end('too-large');
    };
    const onEnd = (): void => end('whole');
    const onClose = (): void => end('gone');
    ticket.arriving(() => end('slow'));
    stream.on('data', onData);
    stream.once('end', onEnd);
    stream.once('close', onClose);
  });
}
