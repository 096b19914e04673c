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

const view = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Gives every span of a request its own ids and times. `serial` must never repeat in a run: ids are a mix of it that looks random but cannot
 * collide. `startUnixNano` (BigInt) is when the first trace begins; the others follow over `spreadNano`.
 */
export function patchRequest(request, serial, startUnixNano, spreadNano) {
  const buffer = view(request.bytes);
  const { slots, spansPerTrace } = request;
  const step = BigInt(Math.floor(spreadNano / slots.length));
  let start = startUnixNano;
  let traceHigh = 0n;
  let traceLow = 0n;
  let parent = 0n;
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i];
    const id = mix(BigInt(serial) * 65536n + BigInt(i) + 1n);
    if (i % spansPerTrace === 0) {
      traceHigh = mix(id ^ 0x5851f42d4c957f2dn);
      traceLow = id;
    }
    buffer.writeBigUInt64BE(traceHigh, slot.trace);
    buffer.writeBigUInt64BE(traceLow, slot.trace + 8);
    buffer.writeBigUInt64BE(id, slot.span);
    if (slot.parent >= 0) buffer.writeBigUInt64BE(parent, slot.parent);
    parent = id;
    buffer.writeBigUInt64LE(start, slot.start);
    buffer.writeBigUInt64LE(start + BigInt(slot.durationNano), slot.end);
    start += step;
  }
}

const MASK = 0xffff_ffff_ffff_ffffn;
/** A bijection on 64 bits (splitmix64's finisher): unique in, unique out. */
export function mix(value) {
  let z = value & MASK;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}
