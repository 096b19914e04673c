import { alwaysOffSampler } from '../../../core/sampling/always-off.js';
import { alwaysOnSampler } from '../../../core/sampling/always-on.js';
import { parentBasedSampler } from '../../../core/sampling/parent-based.js';
import type { Sampler } from '../../../core/sampling/sampler.js';
import { traceIdRatioSampler } from '../../../core/sampling/trace-id-ratio.js';
import type { Environment } from './environment.js';

const roots: Readonly<Record<string, (environment: Environment) => Sampler>> = {
  always_on: () => alwaysOnSampler,
  always_off: () => alwaysOffSampler,
  traceidratio: (environment) => traceIdRatioSampler(environment.number(argument, 0, 1) ?? 1),
};
const prefix = 'parentbased_';
const remoteName = 'jaeger_remote';
const argument = 'OTEL_TRACES_SAMPLER_ARG';
const names = [...Object.keys(roots), remoteName].flatMap((root) => [root, prefix + root]);

/** What `OTEL_TRACES_SAMPLER=jaeger_remote` says; the sampler itself is made when the service's name is known. */
export interface RemoteSampling {
  readonly endpoint: string | undefined;
  readonly pollingIntervalMs: number | undefined;
  readonly initialSamplingRate: number | undefined;
  readonly parentBased: boolean;
}

/**
 * `endpoint=http://localhost:5778,pollingIntervalMs=5000,initialSamplingRate=0.25` in `OTEL_TRACES_SAMPLER_ARG`, in any order, each of
 * them optional. `undefined` for another sampler.
 */
export function readRemoteSampling(environment: Environment): RemoteSampling | undefined {
  const name = environment.string('OTEL_TRACES_SAMPLER')?.toLowerCase();
  if (name !== remoteName && name !== prefix + remoteName) return undefined;
  const given = environment.pairs(argument) ?? {};
  const number = (key: string, max: number): number | undefined => {
    if (given[key] === undefined) return undefined;
    const value = Number(given[key]);
    if (value >= 0 && value <= max) return value;
    environment.reject(argument, `${key} is not a number from 0 to ${max}`);
    return undefined;
  };
  return {
    endpoint: given.endpoint,
    pollingIntervalMs: number('pollingIntervalMs', 2 ** 31),
    initialSamplingRate: number('initialSamplingRate', 1),
    parentBased: name !== remoteName,
  };
}

/**
 * `OTEL_TRACES_SAMPLER` with `OTEL_TRACES_SAMPLER_ARG` (specification "General SDK Configuration"). `undefined` where unset or
 * unknown (`xray`), and for `jaeger_remote`, which `readRemoteSampling` reads.
 */
export function readSampler(environment: Environment): Sampler | undefined {
  const name = environment.oneOf('OTEL_TRACES_SAMPLER', names);
  if (name === undefined || name.endsWith(remoteName)) return undefined;
  if (!name.startsWith(prefix)) return roots[name]?.(environment);
  const root = roots[name.slice(prefix.length)]?.(environment);
  return root && parentBasedSampler({ root });
}
