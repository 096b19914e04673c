import { alwaysOffSampler } from '../../../core/sampling/always-off.js';
import { alwaysOnSampler } from '../../../core/sampling/always-on.js';
import { parentBasedSampler } from '../../../core/sampling/parent-based.js';
import type { Sampler } from '../../../core/sampling/sampler.js';
import { traceIdRatioSampler } from '../../../core/sampling/trace-id-ratio.js';
import type { Environment } from './environment.js';

const roots: Readonly<Record<string, (environment: Environment) => Sampler>> = {
  always_on: () => alwaysOnSampler,
  always_off: () => alwaysOffSampler,
  traceidratio: (environment) => traceIdRatioSampler(environment.number('OTEL_TRACES_SAMPLER_ARG', 0, 1) ?? 1),
};
const prefix = 'parentbased_';
const names = [...Object.keys(roots), ...Object.keys(roots).map((root) => prefix + root)];

/**
 * `OTEL_TRACES_SAMPLER` with `OTEL_TRACES_SAMPLER_ARG` (specification "General SDK Configuration"). `undefined` where unset or
 * unknown; the two samplers that ask a remote service (`jaeger_remote`, `xray`) count as unknown.
 */
export function readSampler(environment: Environment): Sampler | undefined {
  const name = environment.oneOf('OTEL_TRACES_SAMPLER', names);
  if (name === undefined) return undefined;
  if (!name.startsWith(prefix)) return roots[name]?.(environment);
  const root = roots[name.slice(prefix.length)]?.(environment);
  return root && parentBasedSampler({ root });
}
