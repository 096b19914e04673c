import type { LogTails } from '../query/log-tail.js';
import type { Reader } from '../query/reader.js';
import type { SqlDesk } from '../query/sql-desk.js';
import type { Status } from '../shapes/api.js';
import type { Answer, Failure } from './answer.js';
import type { Parameter, Parameters } from './parameters.js';

/** What a route works with. */
export interface Asked {
  readonly parameters: Parameters;
  readonly reader: Reader;
  readonly nowNano: bigint;
  readonly sql: SqlDesk;
  readonly tails: LogTails;
  /** Another one, for a question that goes on for longer than one may take. */
  readonly anotherReader: () => Reader;
  /** Fires when the client has left. */
  readonly abort: AbortSignal;
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
  /** Answers to the explorer and to programs, and not to pages elsewhere: what it does costs more than it says. */
  readonly ownPagesOnly?: boolean;
  /** Parameters may also come as a form in the body of a POST. */
  readonly form?: boolean;
  /** How its clients are told what went wrong, with the schema of that; otherwise as the path has it. */
  readonly failure?: { readonly schema: string; readonly answer: (failure: Failure) => Answer };
  readonly handle: (asked: Asked) => Promise<Answer>;
}
