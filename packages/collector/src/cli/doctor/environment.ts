import { type Check, FAILED, NOTE, OK } from './check.js';

/** What the variables of this shell would do to a program started from it. Only what keeps spans from leaving is said. */
export function checkEnvironment(env: Readonly<Record<string, string | undefined>>, url: string): Check[] {
  const name = 'environment';
  const checks: Check[] = [];
  const value = (key: string) => env[key]?.trim() ?? '';
  if (value('OTEL_SDK_DISABLED').toLowerCase() === 'true') {
    checks.push(FAILED(name, 'OTEL_SDK_DISABLED=true here: nothing is recorded.', 'Unset it.'));
  }
  if (value('OTEL_TRACES_EXPORTER') === 'none') {
    checks.push(FAILED(name, 'OTEL_TRACES_EXPORTER=none here: no span is sent.', 'Unset it, or set it to otlp.'));
  }
  checks.push(...checkSampler(name, value('OTEL_TRACES_SAMPLER'), value('OTEL_TRACES_SAMPLER_ARG')));
  const endpoint = value('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') || value('OTEL_EXPORTER_OTLP_ENDPOINT');
  if (endpoint !== '' && placeOf(endpoint) !== placeOf(url)) {
    const which =
      value('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') !== ''
        ? 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'
        : 'OTEL_EXPORTER_OTLP_ENDPOINT';
    checks.push(NOTE(name, `${which}=${endpoint} here: a program started from this shell sends there, not to ${url}.`));
  }
  return checks.length > 0 ? checks : [OK(name, 'no OTEL_* variable of this shell keeps spans from being sent')];
}

function checkSampler(name: string, sampler: string, argument: string): Check[] {
  if (sampler.endsWith('always_off')) {
    return [
      FAILED(
        name,
        `OTEL_TRACES_SAMPLER=${sampler} here: no trace is recorded.`,
        'Unset it, or set it to parentbased_always_on.',
      ),
    ];
  }
  if (!sampler.endsWith('traceidratio')) return [];
  const ratio = argument === '' ? 1 : Number(argument);
  if (ratio === 0)
    return [
      FAILED(name, 'OTEL_TRACES_SAMPLER_ARG=0 here: no trace is recorded.', 'Set a share, such as 0.1, or unset both.'),
    ];
  if (!(ratio > 0 && ratio <= 1))
    return [
      FAILED(name, `OTEL_TRACES_SAMPLER_ARG=${argument} here is not a share from 0 to 1.`, 'Write 0.1 for a tenth.'),
    ];
  return ratio === 1
    ? []
    : [
        NOTE(
          name,
          `OTEL_TRACES_SAMPLER=${sampler} with ${argument} here: about ${Math.round(100 * ratio * 100) / 100} of 100 traces are recorded.`,
          'A trace that is missing may simply not have been chosen.',
        ),
      ];
}

function placeOf(address: string): string {
  try {
    return new URL(address.includes('://') ? address : `http://${address}`).host;
  } catch {
    return address;
  }
}
