import type { TextMapPropagator } from '@opentelemetry/api';
import { propagatorsByName } from '../../../core/propagation/by-name.js';
import type { Environment } from './environment.js';

/** `OTEL_PROPAGATORS`: comma-separated, each once; `none` means none at all. `undefined` where unset. */
export function readPropagators(environment: Environment): readonly TextMapPropagator[] | undefined {
  const name = 'OTEL_PROPAGATORS';
  const members = environment.list(name)?.map((member) => member.toLowerCase());
  if (members === undefined) return undefined;
  const propagators = new Set<TextMapPropagator>();
  for (const member of members) {
    const known = propagatorsByName.get(member);
    if (known) propagators.add(known);
    else if (member !== 'none')
      environment.reject(
        name,
        `the propagator "${member}" is not one of ${[...propagatorsByName.keys()].join(', ')}, none`,
      );
  }
  if (members.includes('none')) return [];
  return propagators.size > 0 ? [...propagators] : undefined;
}
