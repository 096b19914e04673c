/** What a page's bundle must never hold, and why. */
const forbidden = [
  [/["'`]node:/, 'a module of Node'],
  [/\beval\(/, 'eval: refused by a content security policy'],
  [/new Function\b/, 'new Function: refused by a content security policy'],
  [/process\.env/, 'process.env: a page has none'],
  [/\brequire\(/, 'require: a page has none'],
  [/\bBuffer\./, 'Buffer: a page has none'],
];

/** The reasons why `code` may not be a page's bundle; none for a good one. */
export const findForbidden = (code) => forbidden.filter(([pattern]) => pattern.test(code)).map(([, why]) => why);
