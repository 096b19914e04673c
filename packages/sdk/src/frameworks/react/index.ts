'use client';
export { ErrorBoundary, type ErrorBoundaryProps } from './error-boundary.js';
export { type ComponentSpan, type ComponentSpanOptions, useSpan } from './use-span.js';
export { useTracedCallback } from './use-traced-callback.js';
