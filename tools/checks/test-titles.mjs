const identifier = /[A-Za-z_$][\w$]*/y;
/** What may stand before a `/` that begins a regular expression and no division. */
const beforeRegExp = /[([{,;=:!&|?+\-*%~^<>]$|\b(?:return|typeof|case|of|in)$/;

/**
 * The titles of a file's tests, in order: the first argument of `test(…)` and `it(…)` where it is a literal, also behind `.each(…)`,
 * `.skipIf(…)` and the like. Comments, strings and templates are stepped over, so that a program within a test is none of its tests. What
 * is skipped for good (`.skip`, `.todo`) shows nothing and is left out.
 */
export function testTitles(text) {
  const titles = [];
  let at = 0;
  while (at < text.length) {
    const name = match(identifier, text, at);
    if (!name) {
      at = skipToken(text, at);
      continue;
    }
    at += name.length;
    if ((name === 'test' || name === 'it') && text[at - name.length - 1] !== '.') {
      const title = titleBehind(text, at);
      if (title !== undefined) titles.push(title);
    }
  }
  return titles;
}

/** `at` is behind `test`: follows `.each(…)` and finds the title, if the call has a literal one. */
function titleBehind(text, at) {
  let modifier;
  for (;;) {
    at = skipSpace(text, at);
    if (text[at] === '.') {
      at = skipSpace(text, at + 1);
      modifier = match(identifier, text, at);
      if (!modifier || modifier === 'skip' || modifier === 'todo') return undefined;
      at += modifier.length;
    } else if (text[at] === '(' && /^(?:each|for|skipIf|runIf)$/.test(modifier ?? '')) {
      at = skipBalanced(text, at);
      modifier = undefined;
    } else if (text[at] === '`' && modifier === 'each') {
      at = skipToken(text, at);
      modifier = undefined;
    } else if (text[at] === '(') {
      at = skipSpace(text, at + 1);
      if (!/['"`]/.test(text[at] ?? '')) return undefined;
      return text.slice(at + 1, skipToken(text, at) - 1).replace(/\\(['"`])/g, '$1');
    } else return undefined;
  }
}

function match(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function skipSpace(text, at) {
  for (;;) {
    while (/\s/.test(text[at] ?? '')) at++;
    if (text[at] !== '/' || !/[/*]/.test(text[at + 1] ?? '')) return at;
    at = skipToken(text, at);
  }
}

/** Behind the bracket that closes the one at `at`. */
function skipBalanced(text, at) {
  let depth = 0;
  while (at < text.length) {
    if (/[([{]/.test(text[at])) depth++;
    else if (/[)\]}]/.test(text[at]) && --depth === 0) return at + 1;
    at = skipToken(text, at);
  }
  return at;
}

/** Behind the comment, string, template, regular expression or single character at `at`. */
function skipToken(text, at) {
  const character = text[at];
  if (character === '/' && text[at + 1] === '/') return endOf(text, '\n', at + 2);
  if (character === '/' && text[at + 1] === '*') return endOf(text, '*/', at + 2);
  if (character === "'" || character === '"') return skipQuoted(text, at + 1, character);
  if (character === '`') return skipTemplate(text, at + 1);
  if (character === '/' && beforeRegExp.test(text.slice(Math.max(0, at - 80), at).trimEnd()))
    return skipRegExp(text, at + 1);
  return at + 1;
}

function endOf(text, end, at) {
  const found = text.indexOf(end, at);
  return found < 0 ? text.length : found + end.length;
}

function skipQuoted(text, at, quote) {
  while (at < text.length && text[at] !== quote && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function skipTemplate(text, at) {
  while (at < text.length && text[at] !== '`') {
    if (text[at] === '\\') at += 2;
    else if (text[at] === '$' && text[at + 1] === '{') at = skipBalanced(text, at + 1);
    else at++;
  }
  return at + 1;
}

function skipRegExp(text, at) {
  for (let inClass = false; at < text.length && text[at] !== '\n'; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '[') inClass = true;
    else if (text[at] === ']') inClass = false;
    else if (text[at] === '/' && !inClass) return at + 1;
  }
  return at;
}
