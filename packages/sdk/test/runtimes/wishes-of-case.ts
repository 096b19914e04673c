import { type RuntimeHarness, runtimeSuite, type StartedWith } from '../../../testkit/src/runtime-suite.js';
import { runCase } from '../../../testkit/src/suite.js';

/** How a case would start telemetry, which it does before anything else: for whoever has to start something else before the case runs. */
export async function wishesOfCase(name: string): Promise<StartedWith> {
  let wishes: StartedWith | undefined;
  const nobody = 'http://127.0.0.1:9';
  const harness = {
    receivers: { open: async () => ({ url: nobody, close: async () => {} }), unusedUrl: async () => nobody },
    start(options: StartedWith) {
      wishes = options;
      throw new Error('only asked');
    },
  } as unknown as RuntimeHarness;
  await runCase(runtimeSuite.cases.find((one) => one.name === name)!, harness).catch(() => {});
  return wishes!;
}
