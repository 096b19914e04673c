export { type ConsoleOptions, observeConsole } from './observe-console.js';
