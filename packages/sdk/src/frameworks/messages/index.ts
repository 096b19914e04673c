export { type MessageTarget, type TraceMessagesOptions, traceMessages } from './trace-messages.js';
