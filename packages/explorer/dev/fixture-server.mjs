/*
 * A collector's API over made-up traces, for developing and testing the explorer alone. Never shipped.
 *
 *   node dev/fixture-server.mjs [--port 4329] [--traces 2500] [--empty] [--spans-of-big 50000]
 *
 * Serves /api/v1 and, where it was built, the explorer itself. POST /fixture/fill ends the emptiness of --empty,
 * POST /fixture/grow lets the rest of the trace that is arriving arrive; POST /fixture/away?for=ms stops answering for a while.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4329' },
    traces: { type: 'string', default: '2500' },
    'spans-of-big': { type: 'string', default: '50000' },
    empty: { type: 'boolean', default: false },
  },
});

const bundled = await build({
  entryPoints: [here('./fixtures/server.ts')],
  bundle: true,
  write: false,
  platform: 'node',
  format: 'esm',
  alias: { '#shapes': here('../../collector/src/shapes') },
  logLevel: 'warning',
});
const code = `data:text/javascript;base64,${Buffer.from(bundled.outputFiles[0].text).toString('base64')}`;
const { serve } = await import(code);
const { address } = await serve({
  port: Number(values.port),
  traces: Number(values.traces),
  spansOfBig: Number(values['spans-of-big']),
  empty: values.empty,
  site: here('../../collector/dist/explorer'),
});
console.log(address);
