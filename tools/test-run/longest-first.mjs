import { relative } from 'node:path';
import { BaseSequencer } from 'vitest/node';
import { root } from '../lib/root.mjs';

/*
 * In a fresh clone nothing is known of earlier runs. Files that take half a minute and more begin first, so that none of them is left for one worker while
 * the other has nothing to do; `npm test` says at its end which took longest.
 */
const LONG = [
  'tools/test/packed.test.ts',
  'packages/explorer/test/explorer.test.ts',
  'packages/sdk/test/node/stored.faults.test.ts',
  'packages/collector/test/network.faults.test.ts',
  'packages/sdk/test/web/leaving.faults.test.ts',
  'tools/test/docs-snippets.test.ts',
  'examples/shop/test/story.test.ts',
  'packages/sdk/test/runtimes/web-worker.test.ts',
  'packages/collector/test/up.test.ts',
  'examples/people/test/people.test.ts',
  'packages/sdk/test/runtimes/chromium.test.ts',
  'packages/collector/test/collector-killed.faults.test.ts',
  'packages/sdk/test/runtimes/webkit.test.ts',
  'tools/test/tauri-guide.test.ts',
  'packages/explorer/test/explorer-signals.test.ts',
  'packages/explorer/test/explorer-logs.test.ts',
  'packages/collector/test/search-paging.test.ts',
  'packages/sdk/test/web/offline.faults.test.ts',
  'packages/sdk/test/runtimes/firefox.test.ts',
  'packages/collector/test/gateway.faults.test.ts',
  'tools/test/wasm-guide.test.ts',
  'examples/people/test/runtime.test.ts',
  'packages/collector/test/malicious.faults.test.ts',
  'packages/sdk/test/node/programs.test.ts',
  'examples/people/test/cuts.faults.test.ts',
];

export default class LongestFirst extends BaseSequencer {
  async sort(files) {
    const rank = ({ moduleId }) => {
      const at = LONG.indexOf(relative(root, moduleId).replaceAll('\\', '/'));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
