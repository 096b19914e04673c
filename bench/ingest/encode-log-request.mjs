import { logSentences } from '../rows/log-sentences.mjs';
import {
  attribute,
  chance,
  field,
  message,
  string,
  varint,
  writeSpanId,
  writeTime,
  writeTraceId,
} from './encode-request.mjs';

/* Export requests of 512 log records as a service writes them: a sentence with numbers in it, five attributes, half of them of a span. */

const sentences = logSentences.slice(0, 5);

/** `slots[i]` says where record i keeps its time, trace id (or -1) and span id. */
export function encodeLogRequest({ number, spans: records = 512 }) {
  const random = chance(number + 1);
  const resource = [
    ...attribute(1, 'service.name', `service-${number % 12}`),
    ...attribute(1, 'service.version', '2.4.1'),
    ...attribute(1, 'deployment.environment.name', 'production'),
    ...attribute(1, 'host.name', `node-${number % 5}`),
    ...attribute(1, 'process.pid', 4000 + (number % 7)),
    ...attribute(1, 'telemetry.sdk.language', 'nodejs'),
  ];
  const scope = message(1, [...string(1, 'shop'), ...string(2, '1.0.0')]);
  const marks = [];
  const fields = Array.from({ length: records }, (_, i) => {
    const [begin, middle] = sentences[Math.floor(random() * sentences.length)];
    const failed = random() < 0.05;
    const text = `${begin}${Math.floor(random() * 1e6)}${middle}${Math.floor(random() * 5000)} ms`;
    const time = field(1, 1, new Uint8Array(8));
    const head = [
      ...time,
      ...field(2, 0, [failed ? 17 : 9]),
      ...string(3, failed ? 'ERROR' : 'INFO'),
      ...message(5, string(1, text)),
      ...attribute(6, 'thread.id', i % 8),
      ...attribute(6, 'http.route', `/api/${i % 12}`),
      ...attribute(6, 'user.id', `user-${Math.floor(random() * 20000)}`),
      ...attribute(6, 'code.function.name', 'handleRequest'),
      ...attribute(6, 'retry', random() < 0.1),
      ...field(8, 5, [1, 0, 0, 0]),
    ];
    const record = [...head, ...message(9, new Uint8Array(16)), ...message(10, new Uint8Array(8))];
    const whole = message(2, record);
    const base = whole.length - record.length;
    marks.push({ time: base + 1, trace: base + head.length + 2, span: base + head.length + 20 });
    return whole;
  });
  const scopeLogs = [...scope, ...fields.flat()];
  const before = [...message(1, resource), ...varint((2 << 3) | 2), ...varint(scopeLogs.length)];
  const resourceLogs = [...before, ...scopeLogs];
  const bytes = new Uint8Array([...varint((1 << 3) | 2), ...varint(resourceLogs.length), ...resourceLogs]);
  let at = bytes.length - scopeLogs.length + scope.length;
  const slots = fields.map((whole, i) => {
    const base = at;
    at += whole.length;
    const { time, trace, span } = marks[i];
    return { time: base + time, trace: base + trace, span: base + span };
  });
  return { bytes, slots };
}

/** Gives every record a time, a trace and a span id that no other has. `serial` must never repeat in a run. */
export function patchLogRequest({ bytes, slots }, serial, startUnixNano, spreadNano) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const step = Math.floor(spreadNano / slots.length);
  const high = Number(startUnixNano >> 32n);
  let low = Number(startUnixNano & 0xffff_ffffn);
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i];
    const item = serial * slots.length + i;
    writeTime(view, slot.time, high, low);
    writeTraceId(view, slot.trace, item);
    writeSpanId(view, slot.span, item);
    low += step;
  }
}
