import type { InstrumentationScope } from '../trace/readable-span.js';
import type { EncodedKey } from '../wire/encoded-key.js';
import type { EncodedScope } from '../wire/scope.js';

/** One instrumentation scope, as records of it are read and as they are written. */
export interface LoggerScope {
  readonly plain: InstrumentationScope;
  readonly encoded: EncodedScope;
  /** Predicts the first key of a record. */
  readonly first: EncodedKey;
}
