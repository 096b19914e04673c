export {
  type PluginComponentProvider,
  type PluginComponents,
  registerComponentProvider,
} from './component-providers.js';
export { ConfigurationError, type ConfigurationProblem } from './configuration-error.js';
export type { ConfigProperties, Configuration, ConfigValue } from './configuration-model.js';
export { type ConfiguredComponents, createFromConfiguration } from './create-from-configuration.js';
export { type ParseConfigurationOptions, parseConfiguration, parseConfigurationYaml } from './parse-configuration.js';
