import type { Reader } from '../query/reader.js';
import type { Status } from '../shapes/api.js';
import type { Answer } from './answer.js';
import type { Parameter, Parameters } from './parameters.js';

/** What a route works with. */
export interface Asked {
  readonly parameters: Parameters;
  readonly reader: Reader;
  readonly nowNano: bigint;
  readonly status: () => Promise<Status>;
}

export interface Route {
  /** With `{name}` for a part that is taken as a parameter. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters: readonly Parameter[];
  /** Name of the answer's schema in the OpenAPI document. */
  readonly schema: string;
  readonly notFound?: boolean;
  /** Takes parameters that are not named here and passes them over. */
  readonly lenient?: boolean;
  readonly handle: (asked: Asked) => Promise<Answer>;
}
