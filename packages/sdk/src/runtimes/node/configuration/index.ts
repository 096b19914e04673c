export { ConfigurationError, type ConfigurationProblem } from './configuration-error.js';
export type { ConfigProperties, Configuration, ConfigValue } from './configuration-model.js';
export { type ParseConfigurationOptions, parseConfiguration, parseConfigurationYaml } from './parse-configuration.js';
