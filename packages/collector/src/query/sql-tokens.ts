/** A piece of a statement as the engine writes it (`formatQuerySingleLine`): no comments, one space where there is any, keywords in capitals. */
export interface SqlToken {
  readonly kind: 'word' | 'quoted' | 'text' | 'parameter' | 'sign';
  /** Of a word or a quoted name the name, of anything else what is written. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** Splits a statement in the engine's own form. Strings and quoted names end where the engine ends them. */
export function sqlTokens(sql: string): readonly SqlToken[] {
  const tokens: SqlToken[] = [];
  let at = 0;
  while (at < sql.length) {
    const start = at;
    const sign = sql[at]!;
    if (sign === "'" || sign === '`' || sign === '"') {
      at = endOfQuoted(sql, at);
      const inside = sql.slice(start + 1, at - 1).replace(/\\(.)/gs, '$1');
      tokens.push({ kind: sign === "'" ? 'text' : 'quoted', value: inside, start, end: at });
      continue;
    }
    const word = /^[\p{L}_][\p{L}\p{N}_$]*/u.exec(sql.slice(at))?.[0];
    const parameter = word === undefined ? /^\{(\w+):[^{}']*\}/.exec(sql.slice(at)) : null;
    at += word?.length ?? parameter?.[0].length ?? 1;
    if (word !== undefined) tokens.push({ kind: 'word', value: word, start, end: at });
    else if (parameter !== null) tokens.push({ kind: 'parameter', value: parameter[1] ?? '', start, end: at });
    else if (/\d/.test(sign)) at += /^[\w.]*/.exec(sql.slice(at))![0].length;
    else if (sign.trim() !== '') tokens.push({ kind: 'sign', value: sign, start, end: at });
  }
  return tokens;
}

function endOfQuoted(sql: string, open: number): number {
  const quote = sql[open];
  let at = open + 1;
  while (at < sql.length && sql[at] !== quote) at += sql[at] === '\\' ? 2 : 1;
  return at + 1;
}
