export { type PinoStream, type PinoStreamOptions, pinoStream } from './pino-stream.js';
