import { createBindings } from './bindings.js';
import type { Reader } from './reader.js';

/** What statements that people write may name. */
export interface SqlCatalog {
  mayCall(name: string): boolean;
  /** The name of a function that may not be called, nor be given to another that calls it. */
  isClosed(name: string): boolean;
  /** Names of functions, for completion. */
  readonly functions: readonly string[];
  readonly database: string;
  /** Lower case. */
  readonly otherDatabases: ReadonlySet<string>;
}

/**
 * Kinds of functions that reach beyond the tables: files and models on disk, dictionaries (which may hold what else is secret), language models,
 * the engine's own memory.
 */
const CLOSED_KINDS = ['AI', 'Dictionary', 'Embedded Dictionary', 'Internal', 'Introspection', 'Machine Learning', ''];

/** Of the kind `Other`, which holds `file` as well as `transform`, only these. */
const OPEN_OTHERS = [
  ...['bar', 'transform', 'identity', 'materialize', 'ignore', 'isConstant', 'toTypeName', 'toColumnTypeName'],
  ...['byteSize', 'countDigits', 'digits', 'visibleWidth', 'version', 'currentDatabase', 'getSubcolumn'],
  ...['formatReadableSize', 'formatReadableDecimalSize', 'formatReadableQuantity', 'formatReadableTimeDelta'],
  ...['parseTimeDelta', 'parseReadableSize', 'parseReadableSizeOrNull', 'parseReadableSizeOrZero'],
  ...['runningDifference', 'runningDifferenceStartingWithFirstValue', 'runningAccumulate', 'neighbor'],
  ...['finalizeAggregation', 'initializeAggregation', 'rowNumberInBlock', 'rowNumberInAllBlocks', 'blockNumber'],
  ...['variantElement', 'variantType', 'lowCardinalityKeys', 'lowCardinalityIndices', 'isDecimalOverflow'],
  ...['MACNumToString', 'MACStringToNum', 'MACStringToOUI', 'minSampleSizeConversion', 'minSampleSizeContinuous'],
  ...['normalizeQuery', 'normalizedQueryHash', 'tokenizeQuery', 'errorCodeToName', 'throwIf', 'indexHint'],
];

/** What the parser knows and the list of functions does not, and tables that are made of nothing. */
const SPECIAL = ['exists', 'untuple', 'grouping', 'columns'];
const MADE_TABLES = ['numbers', 'numbers_mt', 'zeros', 'zeros_mt', 'generateSeries', 'generate_series'];

interface FunctionRow {
  readonly name: string;
  readonly anyCase: number;
  /** Of the engine, and not one that a person has made. */
  readonly isBuiltIn: number;
  readonly kind: string;
  /** What it is another name of, or its name. */
  readonly origin: string;
}

export async function readSqlCatalog(reader: Reader): Promise<SqlCatalog> {
  const [functions, combinators, databases, [current]] = await Promise.all([
    reader.rows<FunctionRow>(
      `SELECT f.name AS name, f.case_insensitive AS anyCase, f.origin = 'System' AS isBuiltIn, if(f.is_aggregate, 'aggregate', if(f.alias_to = '', f.categories, a.categories)) AS kind,
         if(f.alias_to = '', f.name, f.alias_to) AS origin
       FROM system.functions AS f LEFT JOIN system.functions AS a ON f.alias_to = a.name AND f.alias_to != '' ORDER BY name`,
      createBindings(),
    ),
    reader.rows<{ readonly name: string }>('SELECT name FROM system.aggregate_function_combinators', createBindings()),
    reader.rows<{ readonly name: string }>(
      'SELECT name FROM system.databases WHERE name != currentDatabase()',
      createBindings(),
    ),
    reader.rows<{ readonly name: string }>('SELECT currentDatabase() AS name', createBindings()),
  ]);
  const open = functions.filter(
    ({ isBuiltIn, kind, origin }) =>
      isBuiltIn === 1 && !CLOSED_KINDS.includes(kind) && (kind !== 'Other' || OPEN_OTHERS.includes(origin)),
  );
  const closed = functions.filter((one) => !open.includes(one));
  const closedExact = new Set(closed.map(({ name }) => name));
  const closedAnyCase = new Set(closed.filter((one) => one.anyCase === 1).map(({ name }) => name.toLowerCase()));
  const exact = new Set([...open.map(({ name }) => name), ...SPECIAL, ...MADE_TABLES]);
  const anyCase = new Set([
    ...open.filter((one) => one.anyCase === 1).map(({ name }) => name.toLowerCase()),
    ...SPECIAL,
  ]);
  const aggregates = new Set(open.filter(({ kind }) => kind === 'aggregate').map(({ name }) => name));
  const aggregatesAnyCase = new Set(
    [...aggregates].map((name) => name.toLowerCase()).filter((name) => anyCase.has(name)),
  );
  // `sumIf`, `quantileArrayOrNull`: an aggregate and what it is combined with.
  const isCombined = (name: string): boolean =>
    aggregates.has(name) ||
    aggregatesAnyCase.has(name.toLowerCase()) ||
    combinators.some((one) => name.endsWith(one.name) && isCombined(name.slice(0, -one.name.length)));
  return {
    mayCall: (name) => exact.has(name) || anyCase.has(name.toLowerCase()) || isCombined(name),
    isClosed: (name) => closedExact.has(name) || closedAnyCase.has(name.toLowerCase()),
    functions: open.map(({ name }) => name).filter((name) => !name.startsWith('_')),
    database: current?.name ?? 'default',
    otherDatabases: new Set(databases.map(({ name }) => name.toLowerCase())),
  };
}
