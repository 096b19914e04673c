export { type WinstonTransportOptions, winstonTransport } from './winston-transport.js';
