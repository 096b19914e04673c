import type { TraceState } from '@opentelemetry/api';

/** Members a list may have at most (W3C trace context, tracestate). */
const maxMembers = 32;
/** Characters that everybody must propagate; more may be cut on the way, so we cut first and whole members only. */
const maxLength = 512;
/** Members longer than this are the first to go. */
const longMember = 128;

// Level 2 grammar: a key starts with a letter or a digit and `@` is an ordinary character of it. A value does not end in a space.
const memberGrammar = /^([a-z\d][a-z\d_\-*/@]{0,255})=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;

const parse = (header: string): readonly string[] => {
  const members = header
    .split(',')
    .map((member) => member.trim())
    .filter(Boolean);
  const keys = new Set(members.map((member) => memberGrammar.exec(member)?.[1]));
  return keys.has(undefined) || keys.size < members.length || keys.size > maxMembers ? [] : members;
};

const fromMembers = (members: readonly string[]): TraceState => {
  const without = (key: string) => members.filter((member) => !member.startsWith(`${key}=`));
  // Made once: every span of a trace writes it.
  let text: string | undefined;
  const state: TraceState = {
    get: (key) => members.find((member) => member.startsWith(`${key}=`))?.slice(key.length + 1),
    set(key, value) {
      const member = `${key}=${value}`;
      return memberGrammar.test(member) ? fromMembers([member, ...without(key)].slice(0, maxMembers)) : state;
    },
    unset: (key) => fromMembers(without(key)),
    serialize() {
      if (text === undefined) {
        let kept = members;
        text = kept.join();
        for (const length of [longMember, 0]) {
          for (let i = kept.length; text.length > maxLength && i--; ) {
            if (kept[i]!.length <= length) continue;
            kept = kept.filter((_, at) => at !== i);
            text = kept.join();
          }
        }
      }
      return text;
    },
  };
  return state;
};

/**
 * A W3C `tracestate` (level 2): an immutable ordered list, newest member first. A header with one malformed member, or with
 * more than 32 or a key twice, is dropped as a whole, because half a list would say something its writers did not. Setting a malformed
 * member changes nothing; a 33rd member pushes out the oldest. Serialising stays within 512 characters by leaving
 * out whole members, first those longer than 128, from the oldest on.
 */
export const createTraceState = (header = ''): TraceState => fromMembers(parse(header));
