import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { ResourceDetector } from '../../../../core/options.js';
import { isChosen, type KeyChoice } from '../../chosen-keys.js';
import { createEnvironment } from '../../env/environment.js';
import { hostDetector, osDetector, processDetector, serviceInstanceDetector } from '../../resource/detectors.js';
import type { ResourceModel } from '../configuration-model.js';
import type { Creation } from './creation.js';

export interface CreatedResource {
  readonly attributes: Attributes;
  readonly detectors: readonly ResourceDetector[];
}

export function createResourceOf(model: ResourceModel, creation: Creation): CreatedResource {
  const environment = createEnvironment({ list: model.attributes_list ?? '' });
  const listed = environment.pairs('list');
  if (environment.diagnostics.length)
    creation.fail(
      model,
      'resource',
      'must read key=value,key=value with commas and equals signs inside percent-encoded',
      'attributes_list',
    );
  const attributes: Attributes = { ...listed };
  (model.attributes ?? []).forEach((attribute, index) => {
    const { name, value, type } = attribute;
    if (value === null) return;
    if (type && !isOfType(value, type))
      creation.fail(attribute, `resource.attributes[${index}]`, `is no ${type.replace('_', ' ')}`, 'value');
    attributes[name] = value as AttributeValue;
  });
  return { attributes, detectors: detectorsOf(model, creation) };
}

function isOfType(value: unknown, type: string): boolean {
  if (type.endsWith('_array')) return Array.isArray(value) && value.every((one) => isOfType(one, type.slice(0, -6)));
  if (type === 'int') return Number.isInteger(value);
  return typeof value === (type === 'bool' ? 'boolean' : type === 'double' ? 'number' : 'string');
}

function detectorsOf(model: ResourceModel, creation: Creation): ResourceDetector[] {
  const detectors: ResourceDetector[] = [];
  // A schema URL is of those that find something; this one finds what the file says.
  const { schema_url: schemaUrl, 'detection/development': detection } = model;
  if (schemaUrl) detectors.push({ name: 'configuration', schemaUrl, detect: () => ({}) });
  const { attributes: choice, detectors: named = [] } = detection ?? {};
  named.forEach((detector, index) => {
    const path = `resource.detection/development.detectors[${index}]`;
    const made =
      'container' in detector
        ? creation.fail(
            detector,
            path,
            'is not built in; registerComponentProvider() makes another one known',
            'container',
          )
        : 'host' in detector
          ? hostDetector
          : 'os' in detector
            ? osDetector
            : 'process' in detector
              ? processDetector()
              : 'service' in detector
                ? serviceInstanceDetector
                : creation.plugin('ResourceDetector', detector, path, ['host', 'os', 'process', 'service']);
    if (made) detectors.push(choice ? chosen(made, choice) : made);
  });
  return detectors;
}

const chosen = (detector: ResourceDetector, choice: KeyChoice): ResourceDetector => ({
  ...detector,
  detect() {
    const found = detector.detect();
    const pick = (attributes: Attributes): Attributes =>
      Object.fromEntries(Object.entries(attributes).filter(([key]) => isChosen(choice, key)));
    return 'then' in found && typeof found.then === 'function'
      ? (found as Promise<Attributes>).then(pick)
      : pick(found as Attributes);
  },
});
