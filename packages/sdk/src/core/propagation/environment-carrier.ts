import type { TextMapGetter, TextMapSetter } from '@opentelemetry/api';

/** Environment variables as a carrier: `process.env`, or the `env` given to a child process. */
export type EnvironmentCarrier = Record<string, string | undefined>;

/**
 * `x-b3-traceid` is `X_B3_TRACEID` in an environment (specification "Environment Variables as Context Propagation Carriers", "Key
 * Name Normalization"). ASCII alone: `ß` is one underscore, not `SS`.
 */
const variableName = (key: string): string =>
  key.replace(/[a-z]/g, (letter) => letter.toUpperCase()).replace(/^(?=\d|$)|[^A-Z\d_]/g, '_');

/** Reads what a parent process left in the environment: `propagation.extract(context, process.env, environmentGetter)`. */
export const environmentGetter: TextMapGetter<EnvironmentCarrier> = {
  keys: (carrier) => Object.keys(carrier).filter((name) => name === variableName(name)),
  get: (carrier, key) => carrier[variableName(key)] || undefined,
};

/** Writes for a child process into a copy of the environment: `propagation.inject(context, env, environmentSetter)`. */
export const environmentSetter: TextMapSetter<EnvironmentCarrier> = {
  set(carrier, key, value) {
    carrier[variableName(key)] = value;
  },
};
