import type { TextMapPropagator } from '@opentelemetry/api';
import { isSpanContextValid } from '../context/span-context-validity.js';
import { getSpanContext, withSpanContext } from '../context/span-in-context.js';
import { isTracingSuppressed } from '../context/suppress-tracing.js';
import { only } from './header-value.js';
import { remoteSpanContext } from './remote-span-context.js';

const header = 'grpc-trace-bin';
const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Fields by their number: how many hex digits each has. */
const fieldDigits: Readonly<Record<string, number>> = { '00': 32, '01': 16, '02': 2 };

/**
 * OpenCensus' binary format, `grpc-trace-bin`: a version byte and then trace id, span id and options, each behind its number. The value
 * is in base64, as gRPC puts it on the wire; a carrier that takes bytes for names in `-bin` (`Metadata` of `@grpc/grpc-js`) converts in
 * its getter and setter: `Buffer.from(value, 'base64')`.
 */
export const openCensusBinaryPropagator: TextMapPropagator<unknown> = {
  inject(context, carrier, setter) {
    const spanContext = getSpanContext(context);
    if (isTracingSuppressed(context) || !isSpanContextValid(spanContext)) return;
    const { traceId, spanId, traceFlags } = spanContext;
    setter.set(carrier, header, base64OfHex(`0000${traceId}01${spanId}020${traceFlags & 1}`));
  },
  extract(context, carrier, getter) {
    const bytes = hexOfBase64(only(getter.get(carrier, header))?.trim() ?? '');
    if (!bytes.startsWith('00')) return context;
    const fields: Record<string, string> = {};
    for (let at = 2; at < bytes.length; ) {
      const field = bytes.slice(at, at + 2);
      const length = fieldDigits[field];
      // How long an unknown field is nobody knows; what follows it cannot be read.
      if (length === undefined) break;
      fields[field] = bytes.slice(at + 2, at + 2 + length);
      at += 2 + length;
    }
    const { '00': traceId = '', '01': spanId = '', '02': options = '' } = fields;
    if (traceId.length < 32 || spanId.length < 16) return context;
    const spanContext = remoteSpanContext(traceId, spanId, (Number.parseInt(options, 16) & 1) === 1);
    return spanContext ? withSpanContext(context, spanContext) : context;
  },
  fields: () => [header],
};

/** Three digits of hex are two of base64. */
function base64OfHex(hex: string): string {
  const length = Math.ceil((hex.length * 4) / 6);
  let text = '';
  for (let at = 0; at < hex.length; at += 3) {
    const bits = Number.parseInt(hex.slice(at, at + 3).padEnd(3, '0'), 16);
    text += digits[bits >> 6]! + digits[bits & 63]!;
  }
  return text.slice(0, length).padEnd(Math.ceil(length / 4) * 4, '=');
}

/** Empty for what is no base64. */
function hexOfBase64(text: string): string {
  const body = text.replace(/=+$/, '');
  if (!/^[A-Za-z\d+/]+$/.test(body)) return '';
  let hex = '';
  for (let at = 0; at < body.length; at += 2) {
    const bits = (digits.indexOf(body[at]!) << 6) | digits.indexOf(body[at + 1] ?? 'A');
    hex += bits.toString(16).padStart(3, '0');
  }
  return hex.slice(0, Math.floor((body.length * 6) / 8) * 2);
}
