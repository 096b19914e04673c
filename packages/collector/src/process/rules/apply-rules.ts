import { createHash } from 'node:crypto';
import { ProtobufCursor } from '../protobuf-cursor.js';
import { ProtobufWriter } from '../protobuf-writer.js';
import type { Signal } from '../signal.js';
import type { RedactRule, Rules } from './read-rules.js';
import { sampleTrace } from './sample-trace.js';

/** What was done, for the counters. */
export interface RulesAccount {
  dropped(signal: Signal, rule: string): void;
  redacted(rule: string): void;
}

const REDACTED = '[redacted]';
/** Values in values; what is deeper is not kept either (any-value-json.ts). */
const MAX_DEPTH = 32;
const DROP = Symbol('drop');
type Change = Uint8Array | typeof DROP;

/**
 * An export request as the rules leave it; the same bytes where they find nothing. What it does depends on the request alone, so a second copy and a replay become the
 * same. Throws `Malformed`.
 */
export function applyRules(request: Uint8Array, signal: Signal, rules: Rules, account: RulesAccount): Uint8Array {
  const item = new ItemRules(signal, rules, account);
  // Resources (1), each with a resource (1) and scopes (2); each of those with a scope (1) and items (2).
  return rewrite(request, (field, group) => {
    if (field !== 1) return group;
    const resource = contentOf(group, 1);
    const resourceKeys = rules.drop.length === 0 ? NO_KEYS : textsOf(resource, 1);
    return rewrite(group, (inner, content) => {
      if (inner === 1) return item.attributes(content, 1);
      if (inner !== 2) return content;
      return rewrite(content, (place, part) => {
        if (place === 1) return item.attributes(part, 3);
        return place === 2 ? item.change(part, resourceKeys) : part;
      });
    });
  });
}

const NO_KEYS: ReadonlyMap<string, string> = new Map();
const NAME_FIELD: Readonly<Record<Signal, number>> = { traces: 5, metrics: 1, logs: 12 };
/** Where attributes stand in what a metric holds: data points by the field of their kind. */
const POINT_ATTRIBUTES: Readonly<Record<number, number>> = { 5: 7, 7: 7, 9: 9, 10: 1, 11: 7 };
const POINT_EXEMPLARS: Readonly<Record<number, number>> = { 5: 5, 7: 5, 9: 8, 10: 11 };

class ItemRules {
  private readonly signal: Signal;
  private readonly rules: Rules;
  private readonly account: RulesAccount;

  constructor(signal: Signal, rules: Rules, account: RulesAccount) {
    this.signal = signal;
    this.rules = rules;
    this.account = account;
  }

  change(item: Uint8Array, resource: ReadonlyMap<string, string>): Change {
    const { signal, rules, account } = this;
    const why = rules.drop.length === 0 ? undefined : this.dropsBy(item, resource);
    if (why !== undefined) {
      account.dropped(signal, why);
      return DROP;
    }
    let result = item;
    if (rules.sample !== undefined && signal !== 'metrics') {
      const traceId = contentOf(item, signal === 'traces' ? 1 : 9);
      // A record without a trace belongs to none, and stays.
      if (traceId.length === 16) {
        const state = signal === 'traces' ? Buffer.from(contentOf(item, 3)).toString() : '';
        const sampled = sampleTrace(traceId, state, rules.sample);
        if (!sampled.isKept) {
          account.dropped(signal, 'sample');
          return DROP;
        }
        if (signal === 'traces' && sampled.traceState !== undefined) {
          const without = rewrite(item, (field, content) => (field === 3 ? DROP : content));
          result = Buffer.concat([without, new ProtobufWriter().string(3, sampled.traceState).finish()]);
        }
      }
    }
    return rules.redact.length === 0 ? result : this.redact(result);
  }

  /** The attributes in this field of a message. */
  attributes(message: Uint8Array, field: number): Uint8Array {
    if (this.rules.redact.length === 0) return message;
    return rewrite(message, (at, content) => (at === field ? this.keyValue(content, 0) : content));
  }

  private redact(item: Uint8Array): Uint8Array {
    switch (this.signal) {
      case 'traces':
        return rewrite(item, (field, content) => {
          if (field === 9) return this.keyValue(content, 0);
          if (field === 5) return this.words(content);
          if (field === 15) return rewrite(content, (at, part) => (at === 2 ? this.words(part) : part));
          if (field === 11) return this.attributes(content, 3);
          return field === 13 ? this.attributes(content, 4) : content;
        });
      case 'logs':
        return rewrite(item, (field, content) => {
          if (field === 6) return this.keyValue(content, 0);
          return field === 5 ? this.anyValue(content, 0) : content;
        });
      case 'metrics':
        return rewrite(item, (kind, data) => {
          const attributes = POINT_ATTRIBUTES[kind];
          if (attributes === undefined) return data;
          return rewrite(data, (field, point) => {
            if (field !== 1) return point;
            return rewrite(point, (at, content) => {
              if (at === attributes) return this.keyValue(content, 0);
              return at === POINT_EXEMPLARS[kind] ? this.attributes(content, 7) : content;
            });
          });
        });
    }
  }

  private dropsBy(item: Uint8Array, resource: ReadonlyMap<string, string>): string | undefined {
    const { signal, rules } = this;
    let own: ReadonlyMap<string, string> | undefined;
    for (const { name, signal: which, field, is } of rules.drop) {
      if (which !== signal) continue;
      if (field === 'name') {
        if (is.test(Buffer.from(contentOf(item, NAME_FIELD[signal])).toString())) return name;
        continue;
      }
      const key = field === 'service' ? 'service.name' : field;
      own ??= signal === 'metrics' ? NO_KEYS : textsOf(item, signal === 'traces' ? 9 : 6);
      const text = own.get(key) ?? resource.get(key);
      if (text !== undefined && is.test(text)) return name;
    }
    return undefined;
  }

  private keyValue(keyValue: Uint8Array, depth: number): Change {
    const key = Buffer.from(contentOf(keyValue, 1)).toString();
    const byKey = this.rules.redact.find((rule) => rule.key?.test(key));
    if (byKey !== undefined) {
      this.account.redacted(byKey.name);
      if (byKey.action === 'delete') return DROP;
      const value = byKey.action === 'hash' ? hashed(contentOf(keyValue, 2)) : REDACTED;
      const any = new ProtobufWriter().string(1, value).finish();
      return new ProtobufWriter().string(1, key).bytes(2, any).finish();
    }
    let isDropped = false;
    const changed = rewrite(keyValue, (field, content) => {
      if (field !== 2) return content;
      const value = this.anyValue(content, depth);
      if (value === DROP) isDropped = true;
      return value;
    });
    return isDropped ? DROP : changed;
  }

  /** Strings, also in arrays and maps. `DROP`: a rule deletes what has such a value. */
  private anyValue(value: Uint8Array, depth: number): Change {
    if (depth > MAX_DEPTH) return value;
    let isDropped = false;
    const changed = rewrite(value, (field, content) => {
      if (field === 1) {
        const text = this.text(content);
        if (text === DROP) isDropped = true;
        return text;
      }
      if (field === 5) return rewrite(content, (at, inner) => (at === 1 ? this.anyValue(inner, depth + 1) : inner));
      if (field === 6) return rewrite(content, (at, inner) => (at === 1 ? this.keyValue(inner, depth + 1) : inner));
      return content;
    });
    return isDropped ? DROP : changed;
  }

  /** A name or a message, which has to be something. */
  private words(bytes: Uint8Array): Uint8Array {
    const changed = this.text(bytes);
    return changed === DROP ? Buffer.from(REDACTED) : changed;
  }

  private text(bytes: Uint8Array): Change {
    let text: string | undefined;
    let isChanged = false;
    for (const rule of this.rules.redact) {
      if (rule.value === undefined) continue;
      text ??= Buffer.from(bytes).toString();
      const found = this.replaced(text, rule);
      if (found === DROP) return DROP;
      if (found === text) continue;
      isChanged = true;
      text = found;
    }
    return isChanged ? Buffer.from(text!) : bytes;
  }

  private replaced(text: string, { name, action, value, isMeant = () => true }: RedactRule): string | typeof DROP {
    let isDropped = false;
    const result = text.replace(value!, (found: string) => {
      if (found === '' || !isMeant(found)) return found;
      this.account.redacted(name);
      if (action === 'delete') isDropped = true;
      return action === 'hash' ? hashed(Buffer.from(found)) : REDACTED;
    });
    return isDropped ? DROP : result;
  }
}

/** The same for the same value, so that it can still be counted and joined; what can be guessed can be found again. */
const hashed = (value: Uint8Array): string => createHash('sha256').update(value).digest('hex').slice(0, 32);

/** The message with the content of its length-delimited fields as `change` has it; the very same bytes where nothing changed. */
function rewrite(message: Uint8Array, change: (field: number, content: Uint8Array) => Change): Uint8Array {
  const at = new ProtobufCursor();
  at.open(message);
  const parts: Uint8Array[] = [];
  let copiedTo = 0;
  while (at.position < message.length) {
    const begun = at.position;
    const tag = at.tag(message.length);
    if ((tag & 7) !== 2) {
      at.skip(tag, message.length);
      continue;
    }
    const to = at.content(message.length);
    const content = message.subarray(at.position, to);
    at.position = to;
    const changed = change(tag >>> 3, content);
    if (changed === content) continue;
    parts.push(message.subarray(copiedTo, begun));
    if (changed !== DROP) parts.push(new ProtobufWriter().bytes(tag >>> 3, changed).finish());
    copiedTo = to;
  }
  if (parts.length === 0) return message;
  parts.push(message.subarray(copiedTo));
  return Buffer.concat(parts);
}

const NOTHING = new Uint8Array(0);

/** Of the last field with this number; nothing where there is none. */
function contentOf(message: Uint8Array, field: number): Uint8Array {
  const at = new ProtobufCursor();
  at.open(message);
  let found: Uint8Array = NOTHING;
  while (at.position < message.length) {
    const tag = at.tag(message.length);
    if ((tag & 7) !== 2) at.skip(tag, message.length);
    else {
      const to = at.content(message.length);
      if (tag >>> 3 === field) found = message.subarray(at.position, to);
      at.position = to;
    }
  }
  return found;
}

/** Attributes whose values are strings, by their keys. */
function textsOf(message: Uint8Array, field: number): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  rewrite(message, (at, content) => {
    if (at === field)
      found.set(
        Buffer.from(contentOf(content, 1)).toString(),
        Buffer.from(contentOf(contentOf(content, 2), 1)).toString(),
      );
    return content;
  });
  return found;
}
