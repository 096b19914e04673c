import { QueryProblem } from '../query/query-problem.js';
import { MOST_SQL_CHARACTERS } from '../query/sql-desk.js';
import { jsonAnswer } from './answer.js';
import type { Parameter, Parameters } from './parameters.js';
import type { Route } from './route.js';
import { end, start } from './route-parameters.js';

const id: Parameter = {
  name: 'id',
  in: 'query',
  description: 'Up to 32 hexadecimal digits of your choice, by which the progress of the statement can be asked for.',
  schema: { type: 'string', pattern: '^[0-9a-f]{1,32}$' },
};

/** Statements that people write. */
export const SQL_ROUTES: readonly Route[] = [
  {
    path: '/api/v1/sql',
    summary: 'One SELECT in the SQL of ClickHouse, over the tables of this database',
    description:
      'It runs alone, may change nothing, and is bounded in time, memory and rows of its answer. `{start:DateTime64(9)}` and `{end:DateTime64(9)}` stand for the parameters. Functions that read files, addresses, dictionaries or the state of the server are refused, and so are SETTINGS, FORMAT, INTO OUTFILE, other databases and several statements.',
    parameters: [
      {
        name: 'query',
        in: 'query',
        required: true,
        description: 'The statement.',
        schema: { type: 'string', maxLength: MOST_SQL_CHARACTERS },
      },
      start,
      end,
      id,
    ],
    schema: 'SqlAnswer',
    ownPagesOnly: true,
    handle: async ({ parameters, reader, nowNano, sql, abort }) => {
      const query = parameters.text('query')?.trim();
      if (query === undefined || query === '') throw new QueryProblem('bad-parameter', 'query is missing.');
      if (query.length > MOST_SQL_CHARACTERS)
        throw new QueryProblem('bad-parameter', `A statement has at most ${MOST_SQL_CHARACTERS} characters.`);
      return jsonAnswer(
        await sql.run(reader, { sql: query, range: parameters.range(nowNano), id: idOf(parameters) }, abort),
      );
    },
  },
  {
    path: '/api/v1/sql/progress',
    summary: 'How far a statement is',
    parameters: [{ ...id, required: true }],
    schema: 'SqlProgressAnswer',
    ownPagesOnly: true,
    handle: async ({ parameters, reader, sql }) => {
      const asked = idOf(parameters);
      if (asked === undefined) throw new QueryProblem('bad-parameter', 'id is missing.');
      return jsonAnswer(await sql.progress(reader, asked));
    },
  },
  {
    path: '/api/v1/sql/schema',
    summary: 'Tables with their columns, functions and limits: what a statement may name',
    parameters: [],
    schema: 'SqlSchemaAnswer',
    handle: async ({ reader, sql }) => jsonAnswer(await sql.schema(reader)),
  },
];

function idOf(parameters: Parameters): string | undefined {
  const given = parameters.text('id');
  if (given === undefined || /^[0-9a-f]{1,32}$/.test(given)) return given;
  throw new QueryProblem('bad-parameter', 'id must be up to 32 hexadecimal digits.');
}
