import { readFileSync } from 'node:fs';
import type { EnvironmentVariables } from '../env/environment.js';
import { ConfigurationError, type ConfigurationProblem } from './configuration-error.js';
import type { Configuration } from './configuration-model.js';
import { configurationSchema } from './configuration-schema.js';
import { readModel } from './read-model.js';
import { readYaml } from './yaml/read-yaml.js';
import { YamlError } from './yaml/yaml-node.js';

export interface ParseConfigurationOptions {
  /** What `${NAME}` stands for. Default `process.env`. */
  readonly env?: EnvironmentVariables | undefined;
}

/**
 * Reads a configuration file (specification "Configuration SDK", Parse): YAML, with environment variables substituted, checked against
 * opentelemetry-configuration's schema 1. Throws a `ConfigurationError` that names every problem with its line.
 */
export function parseConfiguration(file: string, options: ParseConfigurationOptions = {}): Configuration {
  if (!/\.ya?ml$/i.test(file)) throw problemOf(file, 'is no YAML file by its name; call it .yaml or .yml');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw problemOf(file, `the file cannot be read: ${(error as Error).message}`);
  }
  return parseConfigurationYaml(text, { ...options, file });
}

/** The same of a text. `file` is what errors call it. */
export function parseConfigurationYaml(
  text: string,
  { env = process.env, file }: ParseConfigurationOptions & { readonly file?: string | undefined } = {},
): Configuration {
  const problems: ConfigurationProblem[] = [];
  let model: Configuration | undefined;
  try {
    const document = readYaml(text);
    const version = document.kind === 'map' && document.entries.find(({ key }) => key === 'file_format');
    // Written without quotes it is a number, as in many examples.
    if (version && version.value.kind === 'scalar') Object.assign(version.value, { plain: false });
    model = readModel(document, configurationSchema, {
      file,
      variables: env,
      problem: (problem) => problems.push(problem),
    }) as Configuration | undefined;
    const format = model?.file_format;
    if (version && typeof format === 'string' && !/^1\.\d+(?:-|$)/.test(format))
      problems.push({
        line: version.line,
        path: 'file_format',
        message: `is "${format}"; "1.0" and later of 1 are read`,
      });
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    problems.push({ line: error.line, path: '', message: error.message });
  }
  if (model && !problems.length) return model;
  problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  throw new ConfigurationError(file, problems);
}

const problemOf = (file: string, message: string): ConfigurationError =>
  new ConfigurationError(file, [{ path: '', message }]);
