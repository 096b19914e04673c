/*
 * Export requests as a real service would send them, encoded by hand so that the sender costs little beside the collector it
 * measures: 512 spans of 10 attributes, 128 traces of 4 spans, events and errors now and then. Ids and times are patched in place before each send.
 */

const text = new TextEncoder();

export function varint(value) {
  const bytes = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}
export const field = (number, wire, content) => [...varint((number << 3) | wire), ...content];
export const message = (number, content) => field(number, 2, [...varint(content.length), ...content]);
export const string = (number, value) => message(number, text.encode(value));
export const attribute = (number, key, value) => {
  const any =
    typeof value === 'string'
      ? string(1, value)
      : typeof value === 'boolean'
        ? field(2, 0, [value ? 1 : 0])
        : Number.isInteger(value)
          ? field(3, 0, varint(value))
          : field(4, 1, new Uint8Array(new Float64Array([value]).buffer));
  return message(number, [...string(1, key), ...message(2, any)]);
};

const ROUTES = [
  '/api/cart',
  '/api/cart/{id}',
  '/api/checkout',
  '/api/products',
  '/api/products/{id}',
  '/api/orders',
  '/api/users/{id}',
  '/health',
];
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];
const REGIONS = ['eu-west-1', 'us-east-1', 'ap-south-1'];

/** A small generator with a seed: the same request for the same number. */
export function chance(seed) {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

/**
 * `slots[i]` says where span i keeps its trace id, span id, parent id (or -1), start and end.
 * Durations are spread log-normally between some 0.2 ms and a few seconds.
 */
export function encodeRequest({ number, spans = 512, spansPerTrace = 4 }) {
  const random = chance(number + 1);
  const service = `service-${number % 12}`;
  const resource = [
    ...attribute(1, 'service.name', service),
    ...attribute(1, 'service.version', '2.4.1'),
    ...attribute(1, 'deployment.environment.name', 'production'),
    ...attribute(1, 'host.name', `node-${number % 5}`),
    ...attribute(1, 'process.pid', 4000 + (number % 7)),
    ...attribute(1, 'telemetry.sdk.language', 'nodejs'),
  ];
  const encoded = [];
  const marks = [];
  for (let i = 0; i < spans; i++) {
    const route = ROUTES[Math.floor(random() * ROUTES.length)];
    const method = METHODS[Math.floor(random() * METHODS.length)];
    const failed = random() < 0.02;
    const hasParent = i % spansPerTrace !== 0;
    const head = [
      ...message(1, new Uint8Array(16)),
      ...message(2, new Uint8Array(8)),
      ...(hasParent ? message(4, new Uint8Array(8)) : []),
    ];
    const named = [...string(5, `${method} ${route}`), ...field(6, 0, [hasParent ? 3 : 2])];
    const times = [...field(7, 1, new Uint8Array(8)), ...field(8, 1, new Uint8Array(8))];
    const rest = [
      ...attribute(9, 'http.request.method', method),
      ...attribute(9, 'http.route', route),
      ...attribute(9, 'url.path', route.replace('{id}', String(Math.floor(random() * 5000)))),
      ...attribute(9, 'http.response.status_code', failed ? 500 : 200),
      ...attribute(9, 'server.address', 'shop.example.com'),
      ...attribute(9, 'server.port', 443),
      ...attribute(9, 'user_agent.original', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36'),
      ...attribute(9, 'client.region', REGIONS[Math.floor(random() * REGIONS.length)]),
      ...attribute(9, 'user.id', `user-${Math.floor(random() * 20000)}`),
      ...attribute(9, 'cache.hit', random() < 0.7),
      ...(failed ? message(15, [...string(2, 'upstream failed'), ...field(3, 0, [2])]) : []),
      ...field(16, 5, [1, 1, 0, 0]),
    ];
    const span = [...head, ...named, ...times, ...rest];
    const timesAt = head.length + named.length;
    marks.push({
      trace: 2,
      span: 20,
      parent: hasParent ? 30 : -1,
      start: timesAt + 1,
      end: timesAt + 10,
      durationNano: Math.round(Math.exp(15.2 + 2.2 * (random() + random() + random() - 1.5))),
    });
    encoded.push(span);
  }
  const scope = message(1, [...string(1, '@opentelemetry/instrumentation-http'), ...string(2, '0.223.0')]);
  const spanFields = encoded.map((span) => message(2, span));
  const scopeSpansLength = scope.length + spanFields.reduce((sum, bytes) => sum + bytes.length, 0);
  const resourceField = message(1, resource);
  const scopeSpansHead = [...varint((2 << 3) | 2), ...varint(scopeSpansLength)];
  const resourceSpansLength = resourceField.length + scopeSpansHead.length + scopeSpansLength;
  const bytes = new Uint8Array([
    ...varint((1 << 3) | 2),
    ...varint(resourceSpansLength),
    ...resourceField,
    ...scopeSpansHead,
    ...scope,
    ...spanFields.flat(),
  ]);
  let at = bytes.length - (scopeSpansLength - scope.length);
  const slots = spanFields.map((spanField, i) => {
    const base = at + (spanField.length - encoded[i].length);
    at += spanField.length;
    const mark = marks[i];
    return {
      trace: base + mark.trace,
      span: base + mark.span,
      parent: mark.parent < 0 ? -1 : base + mark.parent,
      start: base + mark.start,
      end: base + mark.end,
      durationNano: mark.durationNano,
    };
  });
  return { bytes, slots, spansPerTrace };
}

const HIGH = 2 ** 32;

/**
 * Gives every span of a request its own ids and times. `serial` must never repeat in a run: ids are a mix of it that looks random but cannot
 * collide. `startUnixNano` (BigInt) is when the first trace begins; the others follow over `spreadNano`. In halves of 32 bits: as BigInts it took
 * 4 µs of processor for each span, which the collector beside it then had not.
 */
export function patchRequest(request, serial, startUnixNano, spreadNano) {
  const { bytes, slots, spansPerTrace } = request;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const step = Math.floor(spreadNano / slots.length);
  let high = Number(startUnixNano >> 32n);
  let low = Number(startUnixNano & 0xffff_ffffn);
  let trace = 0;
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i];
    const item = serial * slots.length + i;
    if (i % spansPerTrace === 0) trace = item;
    writeTraceId(view, slot.trace, trace);
    writeSpanId(view, slot.span, item);
    if (slot.parent >= 0) writeSpanId(view, slot.parent, item - 1);
    writeTime(view, slot.start, high, low);
    writeTime(view, slot.end, high, low + slot.durationNano);
    low += step;
    if (low >= HIGH) {
      high += Math.floor(low / HIGH);
      low %= HIGH;
    }
  }
}

/** `low` may be more than 32 bits. */
export function writeTime(view, at, high, low) {
  view.setUint32(at, low % HIGH, true);
  view.setUint32(at + 4, high + Math.floor(low / HIGH), true);
}

/** No two of 2^32 items have the same, and none has zeros alone. */
export function writeSpanId(view, at, item) {
  view.setUint32(at, mix(item + 1));
  view.setUint32(at + 4, mix(item ^ 0x5851f42d));
}

export function writeTraceId(view, at, item) {
  view.setUint32(at, mix(item ^ 0x4c957f2d));
  view.setUint32(at + 4, mix(item + 0x14057b7e));
  writeSpanId(view, at + 8, item);
}

/** A bijection on 32 bits (murmur3's finisher): unique in, unique out. */
function mix(value) {
  let z = value | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}
