import { readAddress } from './address.js';
import { type Check, type DoctorOptions, FAILED, SKIPPED } from './check.js';
import { checkCors } from './cors.js';
import { checkEnvironment } from './environment.js';
import { makeProbeSpan } from './probe-span.js';
import { findProtocol } from './protocol.js';
import { checkConnection, checkName, checkTls } from './reach.js';
import { readBack } from './read-back.js';
import { sendSpan } from './send.js';

/**
 * Looks for the reason why spans do not arrive, in the order in which a span would meet it. Each check is given out as soon as it
 * is known; the first that makes the next ones pointless is the last.
 */
export async function* diagnose(options: DoctorOptions): AsyncGenerator<Check> {
  yield* checkEnvironment(options.env, options.url);
  const { check, url } = readAddress(options.url);
  yield check;
  if (url === undefined) return;
  for (const step of [
    () => checkName(url),
    () => checkConnection(url, options.timeoutMs),
    () => checkTls(url, options.ca, options.timeoutMs),
  ]) {
    const result = await step();
    yield result;
    if (result.outcome === 'failed') return;
  }
  const protocol = await findProtocol(url, options);
  yield protocol.check;
  if (protocol.spoken === undefined) return;
  if (options.origin !== undefined) {
    yield protocol.spoken === 'http'
      ? await checkCors(url, options.origin, options)
      : FAILED('browser', 'A browser cannot speak gRPC.', "Use the collector's HTTP port, 4318 by default.");
  }
  const span = makeProbeSpan();
  const sent = await sendSpan(url, protocol.spoken, span, options);
  yield sent;
  yield sent.outcome === 'failed'
    ? SKIPPED('read back', 'There is no span to read back.')
    : await readBack(url, span, options);
}
