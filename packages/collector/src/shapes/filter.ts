/*
 * The filter language of the query bar and of `q`:
 *
 *   service=checkout name="POST /cart" status=error duration>250ms http.route=~"^/api" db.system.name!=redis
 *   resource.k8s.pod.name=web-1   http.request.method?   -http.request.method?   free words
 *
 * Clauses are joined by "and". `key?` means the key exists, `-` before a clause negates it. Operators: = != > >= < <= =~ !~.
 * Fields: service name kind status duration trace span scope; everything else is an attribute of the span or, where the
 * span has none of that key, of its resource; `span.` and `resource.` choose one. A bare word or quoted string is free text: it
 * matches a part of the span's name, case folded.
 */

export type FilterOperator = '=' | '!=' | '>' | '>=' | '<' | '<=' | '=~' | '!~' | 'exists' | 'not-exists' | 'contains' | 'not-contains';

export interface Clause {
  /** `text` for free words. */
  readonly field: 'service' | 'name' | 'kind' | 'status' | 'duration' | 'trace' | 'span' | 'scope' | 'attribute' | 'text';
  /** For `attribute`: the key without its prefix. */
  readonly key?: string;
  readonly from?: 'span' | 'resource';
  readonly operator: FilterOperator;
  /** As written, unquoted. Durations carry their unit (`250ms`). Empty for exists. */
  readonly value: string;
  /** Where the clause stands in the text, for chips and errors. */
  readonly start: number;
  readonly end: number;
}

export type ParsedFilter = { readonly ok: true; readonly clauses: readonly Clause[] } | { readonly ok: false; readonly message: string; readonly position: number };
