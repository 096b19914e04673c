import { QueryProblem } from './query-problem.js';
import type { SqlCatalog } from './sql-catalog.js';
import { sqlTokens } from './sql-tokens.js';
import type { TimeRange } from './time-range.js';

/**
 * Lets one SELECT over the tables of this database through, and gives it back with `{start:…}` and `{end:…}` filled in. `sql` is in the engine's own
 * form, so that what is looked at here is what it will read again. Throws `QueryProblem` for everything else.
 *
 * The engine refuses a good part of this itself under `readonly = 1`, and not all: the function `file` reads any file, settings within a subquery are
 * taken, `INTO OUTFILE` writes.
 */
export function checkSql(sql: string, catalog: SqlCatalog, range: TimeRange): string {
  if (!/^\(*(?:SELECT|WITH)\b/.test(sql)) {
    throw refused('Only a SELECT is run here.', 'It may begin with WITH and hold UNION, INTERSECT and EXCEPT.');
  }
  const tokens = sqlTokens(sql);
  let filled = '';
  let from = 0;
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1];
    const touches = next !== undefined && next.start === token.end;
    if (token.kind === 'parameter') {
      const nano = token.value === 'start' ? range.startNano : token.value === 'end' ? range.endNano : undefined;
      if (nano === undefined) throw refused(`There is no parameter ${token.value}; there are start and end.`);
      filled += `${sql.slice(from, token.start)}fromUnixTimestamp64Nano(toInt64(${nano}))`;
      from = token.end;
    }
    if (token.kind === 'sign' && token.value === ';') throw refused('Only one statement is run at a time.');
    if (token.kind !== 'word' && token.kind !== 'quoted') continue;
    if (token.kind === 'word') checkKeyword(token.value);
    const before = tokens[index - 1];
    const isCalled = touches && next.value === '(' && next.kind === 'sign';
    const isApplied = before?.kind === 'word' && before.value === 'APPLY' && !isLambda(tokens.slice(index, index + 3));
    if ((isCalled || isApplied) && !catalog.mayCall(token.value)) {
      throw refused(
        `There is no function ${token.value} that may be used here.`,
        'Those that read files, addresses, dictionaries or the state of the server are left out.',
      );
    }
    const isQualified = touches && next.kind === 'sign' && next.value === '.';
    const isFirst = before === undefined || before.end !== token.start || before.value !== '.';
    // `arrayMap(file, …)`: a function is also called where its name alone is given to another.
    const isNamed = before?.kind === 'word' && before.value === 'AS';
    if (isFirst && !isCalled && !isNamed && catalog.isClosed(token.value)) {
      throw refused(
        `${token.value} cannot be named here: it is a function that may not be used.`,
        'A column or an alias of this name can be written with that of its table before it, or be called something else.',
      );
    }
    if (isQualified && isFirst && catalog.otherDatabases.has(token.value.toLowerCase())) {
      throw refused(`Only tables of the database ${catalog.database} can be read here, not of ${token.value}.`);
    }
  }
  return filled + sql.slice(from);
}

function checkKeyword(word: string): void {
  if (word === 'SETTINGS')
    throw refused('SETTINGS cannot be given here.', 'Limits of time, rows and memory are set for every statement.');
  if (word === 'OUTFILE') throw refused('A statement cannot write a file.', 'The answer can be copied as CSV or JSON.');
  if (word === 'FORMAT') throw refused('Leave FORMAT out: the answer is a table.', 'It can be copied as CSV or JSON.');
}

const isLambda = (tokens: readonly { readonly value: string }[]): boolean =>
  tokens[1]?.value === '-' && tokens[2]?.value === '>';

function refused(message: string, hint?: string): QueryProblem {
  return new QueryProblem('bad-sql', message, hint === undefined ? {} : { hint });
}
