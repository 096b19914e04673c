import type { TraceState } from '@opentelemetry/api';

/** Members a list may have at most (W3C trace context, tracestate). */
const maxMembers = 32;
/** Characters that everybody must propagate; more may be cut on the way, so we cut first and whole members only. */
const maxLength = 512;
/** Members longer than this are the first to go. */
const longMember = 128;

// Level 2 grammar: a key starts with a letter or a digit and `@` is an ordinary character of it. A value does not end in a space.
const memberGrammar = /^([a-z\d][a-z\d_\-*/@]{0,255})=([ -+\--<>-~]{0,255}[!-+\--<>-~])$/;

type Members = ReadonlyMap<string, string>;

const parse = (header: string): Members | undefined => {
  const members = new Map<string, string>();
  for (const part of header.split(',')) {
    const text = part.trim();
    if (!text) continue;
    const match = memberGrammar.exec(text);
    if (!match || members.size === maxMembers || members.has(match[1]!)) return undefined;
    members.set(match[1]!, match[2]!);
  }
  return members;
};

const serialize = (members: Members): string => {
  const texts = [...members].map(([key, value]) => `${key}=${value}`);
  let length = texts.reduce((sum, text) => sum + text.length + 1, -1);
  for (const threshold of [longMember, 0]) {
    for (let i = texts.length; length > maxLength && i--; ) {
      if (texts[i]!.length > threshold) length -= texts.splice(i, 1)[0]!.length + 1;
    }
  }
  return texts.join(',');
};

const fromMembers = (members: Members): TraceState => {
  const state: TraceState = {
    get: (key) => members.get(key),
    set(key, value) {
      if (!memberGrammar.test(`${key}=${value}`)) return state;
      const rest = [...members].filter(([other]) => other !== key);
      return fromMembers(new Map([[key, value], ...rest.slice(0, maxMembers - 1)]));
    },
    unset: (key) => fromMembers(new Map([...members].filter(([other]) => other !== key))),
    serialize: () => serialize(members),
  };
  return state;
};

/**
 * A W3C `tracestate` (level 2): an immutable ordered list, newest member first. A header with one malformed member, or with
 * more than 32 or a key twice, is dropped as a whole, because half a list would say something its writers did not. Setting a malformed
 * member changes nothing; a 33rd member pushes out the oldest. Serialising stays within 512 characters by leaving
 * out whole members, first those longer than 128, from the oldest on.
 */
export const createTraceState = (header = ''): TraceState => fromMembers(parse(header) ?? new Map());
