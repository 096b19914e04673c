import type { BaggageEntry, TextMapPropagator } from '@opentelemetry/api';
import { baggageMetadata, createBaggage, getBaggage, setBaggage } from '../context/baggage.js';
import { isTracingSuppressed } from '../context/suppress-tracing.js';
import { percentDecode, percentEncode } from './percent-encoding.js';

/** What every platform must carry (W3C baggage, limits); we send and take no more, and whole members only. */
const maxMembers = 64;
const maxBytes = 8192;
/** One member; the limit older receivers have. */
const maxMemberBytes = 4096;

const token = /^[!#$%&'*+\-.^`|~\w]+$/;
// What follows a value: properties, each a key or a key with a value, in characters that cannot end the member.
const properties = /^[!#-+\--[\]-~ \t]*$/;

function formatMember(key: string, { value, metadata }: BaggageEntry): string | undefined {
  // The grammar has no way to write any other key, and a header that breaks it could be dropped whole by a receiver.
  if (!token.test(key)) return undefined;
  const extra = metadata?.toString().trim();
  const member = `${key}=${percentEncode(value)}${extra && properties.test(extra) ? `;${extra}` : ''}`;
  return member.length > maxMemberBytes ? undefined : member;
}

function parseMember(text: string): [string, BaggageEntry] | undefined {
  const semicolon = text.indexOf(';');
  const pair = semicolon < 0 ? text : text.slice(0, semicolon);
  const equals = pair.indexOf('=');
  const key = pair.slice(0, Math.max(equals, 0)).trim();
  const value = pair.slice(equals + 1).trim();
  if (text.length > maxMemberBytes || !token.test(key) || !/^[!#-+\--:<-[\]-~]*$/.test(value)) return undefined;
  const extra = semicolon < 0 ? '' : text.slice(semicolon + 1).trim();
  return [key, { value: percentDecode(value), ...(extra && { metadata: baggageMetadata(extra) }) }];
}

/**
 * W3C baggage: the header `baggage`. A malformed member is skipped and its neighbours kept; the last of several members
 * with one key counts. Keys that are not tokens (RFC 9110, 5.6.2) do not travel; values are percent-encoded UTF-8.
 */
export const baggagePropagator: TextMapPropagator<unknown> = {
  inject(context, carrier, setter) {
    if (isTracingSuppressed(context)) return;
    let header = '';
    let members = 0;
    for (const [key, entry] of getBaggage(context)?.getAllEntries() ?? []) {
      const member = formatMember(key, entry);
      if (member === undefined || members === maxMembers) continue;
      const longer = header ? `${header},${member}` : member;
      if (longer.length > maxBytes) continue;
      header = longer;
      members++;
    }
    if (header) setter.set(carrier, 'baggage', header);
  },
  extract(context, carrier, getter) {
    const entries = new Map<string, BaggageEntry>();
    let bytes = -1;
    for (const text of String(getter.get(carrier, 'baggage') ?? '').split(',')) {
      const member = parseMember(text);
      if (!member || bytes + text.length + 1 > maxBytes || (entries.size === maxMembers && !entries.has(member[0])))
        continue;
      bytes += text.length + 1;
      entries.set(...member);
    }
    return entries.size ? setBaggage(context, createBaggage(entries)) : context;
  },
  fields: () => ['baggage'],
};
