// Many traces that end well, a few that do not, and one that takes its time.

import { start } from '@throughline/sdk/node';
import { outcomeSampling } from '@throughline/sdk/sampling';

const tracing = outcomeSampling({ slowMs: 100, share: 0 });
const telemetry = start({ serviceName: 'outcome', tracing });
const work = (name, run) =>
  telemetry.measure(name, async () => {
    await telemetry.measure(`${name} inside`, run);
  });

for (let i = 0; i < 200; i++) await work('good', async () => {});
for (let i = 0; i < 3; i++)
  await work('bad', async () => {
    throw new Error('no');
  }).catch(() => {});
await work('slow', () => new Promise((resolve) => setTimeout(resolve, 150)));
telemetry.tracer.startSpan('never ended');
await telemetry.shutdown();
console.log(JSON.stringify(tracing.status()));
