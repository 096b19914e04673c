import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { live } from './simulator/live.mjs';

const { values } = parseArgs({
  options: {
    broker: { type: 'string', default: 'mqtt://localhost:1883' },
    cuts: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
});
// The station's flash.
const folder = mkdtempSync(join(tmpdir(), 'sensor-station-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
console.log(`A station publishes to ${values.broker} and loses its power ${values.cuts} times (seed ${values.seed}).`);
const { sensors, wear, memoryUsed } = await live({
  broker: values.broker,
  folder,
  cuts: Number(values.cuts),
  seed: Number(values.seed),
  onLife: (life) => console.log(`· start ${life}`),
  hear: (line) => console.log(`  ${line}`),
});
console.log(
  `${sensors.confirmed.size} readings, all published. The engine used ${Math.ceil(memoryUsed / 1024)} KB of 256.`,
);
console.log(`Each block of the flash was erased ${Math.min(...wear)} to ${Math.max(...wear)} times.`);
