/** A question that cannot be answered as it was asked. `message` and `hint` are sentences for the person who asked. */
export class QueryProblem extends Error {
  override readonly name = 'QueryProblem';
  readonly code:
    | 'bad-filter'
    | 'bad-pattern'
    | 'bad-parameter'
    | 'bad-cursor'
    | 'bad-sql'
    | 'sql-limit'
    | 'sql-off'
    | 'bad-promql'
    /** An expression that can be read, and turned out to have no answer. */
    | 'promql-failed';
  readonly hint: string | undefined;
  /** Offset into the text of the filter or statement, where there is one. */
  readonly position: number | undefined;
  constructor(
    code: QueryProblem['code'],
    message: string,
    more: { readonly hint?: string; readonly position?: number } = {},
  ) {
    super(message);
    this.code = code;
    this.hint = more.hint;
    this.position = more.position;
  }
}
