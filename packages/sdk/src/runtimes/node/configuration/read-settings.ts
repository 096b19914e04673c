import { createEnvironment, type EnvironmentVariables } from '../env/environment.js';
import { readEnvironment } from '../env/read-environment.js';
import { ConfigurationError } from './configuration-error.js';
import { type ConfiguredSettings, configuredSettings } from './configured-settings.js';
import { parseConfiguration } from './parse-configuration.js';

/**
 * What stands around a program: the file that `OTEL_CONFIG_FILE` names, and then none of the other variables (specification "Declarative configuration"), or the variables.
 * Never throws: with a file that cannot be used nothing is recorded, because what it left out (where to, what not) is not known.
 */
export function readSettings(variables: EnvironmentVariables): ConfiguredSettings {
  const { string } = createEnvironment(variables);
  const file = string('OTEL_CONFIG_FILE') ?? string('OTEL_EXPERIMENTAL_CONFIG_FILE');
  if (file === undefined) return { environment: readEnvironment(variables), options: {} };
  try {
    return configuredSettings(parseConfiguration(file, { env: variables }));
  } catch (error) {
    const lines = error instanceof ConfigurationError ? error.message.split('\n') : [`${file}: ${error}`];
    return {
      environment: {
        ...readEnvironment({}),
        disabled: true,
        diagnostics: ['Nothing is recorded, because the configuration cannot be used.', ...lines].map((message) => ({
          level: 'error',
          code: 'bad-configuration',
          message,
        })),
      },
      options: {},
    };
  }
}
