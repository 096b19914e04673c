export { type Batch, batchIdKey, type Priority, type Signal } from './core/batch.js';
export { createContextKey, rootContext } from './core/context/context.js';
export { isSpanContextValid } from './core/context/span-context-validity.js';
export { deleteSpan, getSpan, getSpanContext, setSpan, withSpanContext } from './core/context/span-in-context.js';
export { isTracingSuppressed, suppressTracing, unsuppressTracing } from './core/context/suppress-tracing.js';
