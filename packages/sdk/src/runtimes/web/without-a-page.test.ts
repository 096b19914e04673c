import { expect, test } from 'vitest';
import { start } from './index.js';

test('where a server runs the script of a page, starting works, harms nothing and gives everything back [F2]', async () => {
  const before = globalThis.fetch;
  const said: string[] = [];
  const telemetry = start({ endpoint: 'http://127.0.0.1:9', onDiagnostic: ({ code }) => said.push(code) });
  telemetry.measure('rendered', () => {});
  expect(telemetry.status().queued.items).toBe(1);
  await telemetry.shutdown({ timeoutMs: 50 });
  expect(globalThis.fetch).toBe(before);
  expect(said).not.toContain('bad-option');
});
