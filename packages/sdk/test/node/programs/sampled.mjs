import { start } from '@throughline/sdk/node';

const { tracer } = start();
for (let i = 0; i < 1_000; i++) tracer.startSpan('root', { root: true }).end();
