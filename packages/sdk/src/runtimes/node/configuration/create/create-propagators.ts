import type { TextMapPropagator } from '@opentelemetry/api';
import { propagatorsByName } from '../../../../core/propagation/by-name.js';
import type { PropagatorModel } from '../configuration-model.js';
import { nearestName } from '../nearest-name.js';
import type { Creation } from './creation.js';

/** Those of `composite`, then those of `composite_list`, each once. */
export function createPropagators(model: PropagatorModel, creation: Creation): TextMapPropagator[] {
  const propagators = new Set<TextMapPropagator>();
  const names = [...propagatorsByName.keys()];
  (model.composite ?? []).forEach((one, index) => {
    const [name = ''] = Object.keys(one);
    const found =
      propagatorsByName.get(name) ?? creation.plugin('TextMapPropagator', one, `propagator.composite[${index}]`, names);
    if (found) propagators.add(found);
  });
  for (const member of (model.composite_list ?? '').split(',').map((name) => name.trim())) {
    if (member === '' || member === 'none') continue;
    const found = propagatorsByName.get(member);
    if (found) propagators.add(found);
    else {
      const nearest = nearestName(member, names);
      const advice = nearest ? `did you mean ${nearest}?` : `known are ${names.join(', ')}`;
      creation.fail(model, 'propagator', `names "${member}"; ${advice}`, 'composite_list');
    }
  }
  return [...propagators];
}
