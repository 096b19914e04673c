import { attribute, field, message, string, varint, writeTime } from './encode-request.mjs';

/* Export requests of 512 points of one counter, a series each: four attributes, a start, a running total. The same 48 requests come again with later times, as a program sends them. */

/** `slots[i]` says where point i keeps its time and its value. */
export function encodeMetricRequest({ number, spans: points = 512 }) {
  const resource = [
    ...attribute(1, 'service.name', `service-${number % 12}`),
    ...attribute(1, 'service.version', '2.4.1'),
    ...attribute(1, 'service.instance.id', `instance-${number}`),
    ...attribute(1, 'host.name', `node-${number % 5}`),
    ...attribute(1, 'telemetry.sdk.language', 'nodejs'),
  ];
  const start = new Uint8Array(new BigUint64Array([BigInt(Date.now() - 86_400_000) * 1_000_000n]).buffer);
  const wholes = Array.from({ length: points }, (_, i) => {
    const point = [
      ...field(2, 1, start),
      ...field(3, 1, new Uint8Array(8)),
      ...field(4, 1, new Uint8Array(8)),
      ...attribute(7, 'http.request.method', ['GET', 'POST'][i % 2]),
      ...attribute(7, 'http.route', `/api/${i % 64}`),
      ...attribute(7, 'http.response.status_code', 200 + (i % 5)),
      ...attribute(7, 'shard', i),
    ];
    const whole = message(1, point);
    const base = whole.length - point.length;
    return { whole, time: base + 10, value: base + 19 };
  });
  const sumBytes = [...wholes.flatMap(({ whole }) => whole), ...field(2, 0, [2]), ...field(3, 0, [1])];
  const beforeSum = [
    ...string(1, `http.server.requests.${number % 4}`),
    ...string(3, '{request}'),
    ...varint((7 << 3) | 2),
    ...varint(sumBytes.length),
  ];
  const metric = [...beforeSum, ...sumBytes];
  const scopeMetrics = [...message(1, string(1, 'bench')), ...message(2, metric)];
  const resourceMetrics = [...message(1, resource), ...message(2, scopeMetrics)];
  const bytes = new Uint8Array(message(1, resourceMetrics));
  let at = bytes.length - sumBytes.length;
  const slots = wholes.map(({ whole, time, value }) => {
    const base = at;
    at += whole.length;
    return { time: base + time, value: base + value };
  });
  return { bytes, slots };
}

/** Each point gets a time and a value of its own, by which it is known again. */
export function patchMetricRequest({ bytes, slots }, serial, startUnixNano) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const high = Number(startUnixNano >> 32n);
  const low = Number(startUnixNano & 0xffff_ffffn);
  for (let i = 0; i < slots.length; i++) {
    writeTime(view, slots[i].time, high, low);
    view.setFloat64(slots[i].value, serial * slots.length + i, true);
  }
}
