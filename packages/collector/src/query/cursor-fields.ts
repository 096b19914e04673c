import { createHash } from 'node:crypto';
import { QueryProblem } from './query-problem.js';

const VERSION = 1;
const HINT = 'Leave the cursor out to begin with the first page.';

/** Texts as one that an address can hold. `question` is what the list was asked with; fields of another list are refused. */
export function writeFields(fields: readonly string[], question: string): string {
  return Buffer.from(JSON.stringify([VERSION, mark(question), ...fields])).toString('base64url');
}

/** Exactly `count` texts; throws `QueryProblem`. What each of them may be is for the caller to check. */
export function readFields(text: string, question: string, count: number): readonly string[] {
  let all: unknown;
  try {
    all = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    throw unreadableCursor();
  }
  if (!Array.isArray(all) || all.length !== count + 2 || all[0] !== VERSION) throw unreadableCursor();
  const [belongs, ...fields] = all.slice(1) as unknown[];
  if (!fields.every((field) => typeof field === 'string')) throw unreadableCursor();
  if (belongs !== mark(question)) {
    throw new QueryProblem('bad-cursor', 'The cursor belongs to a list with another filter or order.', { hint: HINT });
  }
  return fields;
}

export function unreadableCursor(): QueryProblem {
  return new QueryProblem('bad-cursor', 'The cursor cannot be read.', { hint: HINT });
}

function mark(question: string): string {
  return createHash('sha256').update(question).digest('base64url').slice(0, 8);
}
