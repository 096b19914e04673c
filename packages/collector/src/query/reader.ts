import type { QueryStats } from '../shapes/api.js';
import { type Store, StoreError } from '../store/store.js';
import type { Bindings } from './bindings.js';
import { QueryProblem } from './query-problem.js';

/** Every question is bounded in time, all its statements together; a page that asks for too much gets a sentence, not a hanging collector. */
const DEFAULT_EXECUTION_MS = 15_000;

/** One question's way to the store: adds up what its statements read and carries the abort signal of who asked. */
export interface Reader {
  rows<Row>(sql: string, bindings: Bindings): Promise<Row[]>;
  stats(): QueryStats;
}

export interface ReaderOptions {
  readonly abort?: AbortSignal | undefined;
  /** Of all statements of the question together. Default 15,000. */
  readonly maxExecutionMs?: number | undefined;
}

export function createReader(store: Pick<Store, 'query'>, options: ReaderOptions = {}): Reader {
  const begun = performance.now();
  const limitMs = options.maxExecutionMs ?? DEFAULT_EXECUTION_MS;
  let rowsRead = 0;
  let bytesRead = 0;
  return {
    async rows<Row>(sql: string, bindings: Bindings): Promise<Row[]> {
      const leftMs = Math.ceil(limitMs - (performance.now() - begun));
      if (leftMs <= 0) throw new StoreError('timeout', `No answer within ${limitMs} ms.`, true);
      try {
        const answer = await store.query<Row>(sql, {
          params: bindings.params,
          abort: options.abort,
          maxExecutionMs: leftMs,
        });
        rowsRead += answer.stats.rowsRead;
        bytesRead += answer.stats.bytesRead;
        return answer.rows;
      } catch (error) {
        throw badPattern(error) ?? error;
      }
    },
    stats: () => ({ elapsedMs: Math.round((performance.now() - begun) * 10) / 10, rowsRead, bytesRead }),
  };
}

/** Patterns are not checked before: only the engine knows its own syntax (RE2). */
function badPattern(error: unknown): QueryProblem | undefined {
  if (!(error instanceof StoreError)) return undefined;
  const found =
    /(?:OptimizedRegularExpression: )?cannot compile re2: (.*?), error: (.*?)(?:\. Look at|[,.:]? While|: In scope|$)/is.exec(
      error.message,
    );
  if (found !== null) {
    return new QueryProblem('bad-pattern', `The pattern ${found[1]} cannot be read: ${found[2]}.`, {
      hint: 'Patterns are RE2: no look-ahead, no back-references; escape . ( ) [ ] { } + * ? | ^ $ \\ with a backslash.',
    });
  }
  // A statement that ran out of time or memory names its functions too, and those may be about patterns.
  const isRefused = error.code === 'bad-sql' || error.code === 'other';
  if (isRefused && /regular expression|regexp/i.test(error.message) && !/Syntax error/.test(error.message)) {
    return new QueryProblem('bad-pattern', `A pattern cannot be used: ${error.message.slice(0, 300)}`);
  }
  return undefined;
}
