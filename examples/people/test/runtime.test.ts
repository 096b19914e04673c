import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, vi } from 'vitest';
import { batchStoreSuite } from '../../../packages/testkit/src/batch-store-suite.js';
import { clockSuite } from '../../../packages/testkit/src/clock-suite.js';
import { contractTestsElsewhere } from '../../../packages/testkit/src/contract-tests.js';
import { runtimeRow } from '../../../packages/testkit/src/runtime-rows.js';
import { runtimeSuite } from '../../../packages/testkit/src/runtime-suite.js';
import { transportSuite } from '../../../packages/testkit/src/transport-suite.js';
import { buildPeople } from './support/build-people.js';
import { type Desktop, openDesktop } from './support/desktop.js';
import { desktopTools } from './support/desktop-tools.js';
import { runInWebView } from './support/run-in-webview.js';

if (!desktopTools)
  console.warn('SKIPPED: the suites in Tauri need cargo, libwebkit2gtk-4.1-dev, webkit2gtk-driver and xvfb');

// The first build compiles Tauri.
vi.setConfig({ hookTimeout: 25 * 60_000 });

let path: string;
let desktop: Desktop;
beforeAll(async () => {
  if (!desktopTools) return;
  path = await buildPeople();
  desktop = await openDesktop({ quiet: true });
});
afterAll(() => desktop?.close());

const { lacksFor } = runtimeRow('tauri');
const inTauri = (suite: string) => ({
  absent: !desktopTools,
  lacks: lacksFor(suite),
  async run(only: readonly string[]) {
    const folder = mkdtempSync(join(tmpdir(), 'throughline-people-'));
    const spool = join(folder, 'dev.throughline.people', 'throughline');
    try {
      return await runInWebView(
        async (collector) => ({
          program: await desktop.open(path, {
            XDG_DATA_HOME: folder,
            OTEL_EXPORTER_OTLP_ENDPOINT: collector,
            // The backend's own spans are not what the cases are about.
            OTEL_TRACES_SAMPLER: 'always_off',
          }),
          isIdle: () => readdirSync(spool).every((name) => name.endsWith('.lock')),
        }),
        { suite, only, resolutionMs: 1 },
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
});

contractTestsElsewhere('Tauri keeps the contract of a runtime', { suite: runtimeSuite, ...inTauri('runtime') });
contractTestsElsewhere('Tauri keeps the contract of a clock', { suite: clockSuite, ...inTauri('clock') });
contractTestsElsewhere('Tauri keeps the contract of a store', { suite: batchStoreSuite, ...inTauri('batch-store') });
contractTestsElsewhere('Tauri keeps the contract of a transport', { suite: transportSuite, ...inTauri('transport') });
