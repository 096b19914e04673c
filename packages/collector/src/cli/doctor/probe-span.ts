import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { ProtobufWriter } from '../../process/protobuf-writer.js';

export interface ProbeSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly name: string;
  /** An `ExportTraceServiceRequest` with this one span. */
  readonly request: Uint8Array;
}

/** A span that says of itself what it is: finished, sampled, a root, of the service `throughline-doctor`. */
export function makeProbeSpan(nowMs = Date.now()): ProbeSpan {
  const traceId = randomBytes(16);
  const spanId = randomBytes(8);
  const name = 'throughline doctor';
  const endNano = BigInt(nowMs) * 1_000_000n;
  const span = new ProtobufWriter()
    .bytes(1, traceId)
    .bytes(2, spanId)
    .string(5, name)
    .tag(6, 0)
    .varint(1) // SPAN_KIND_INTERNAL
    .fixed64(7, endNano - 1_000_000n)
    .fixed64(8, endNano)
    .bytes(9, attribute('throughline.doctor', 'Sent to find out whether spans arrive. It can be ignored.'))
    .fixed32(16, 0x101) // sampled; "has a remote parent" is known, and it is false
    .finish();
  const scope = new ProtobufWriter().string(1, 'throughline-doctor').finish();
  const resource = new ProtobufWriter()
    .bytes(1, attribute('service.name', 'throughline-doctor'))
    .bytes(1, attribute('host.name', hostname()))
    .finish();
  const scopeSpans = new ProtobufWriter().bytes(1, scope).bytes(2, span).finish();
  const resourceSpans = new ProtobufWriter().bytes(1, resource).bytes(2, scopeSpans).finish();
  return {
    traceId: traceId.toString('hex'),
    spanId: spanId.toString('hex'),
    name,
    request: new ProtobufWriter().bytes(1, resourceSpans).finish(),
  };
}

function attribute(key: string, value: string): Uint8Array {
  return new ProtobufWriter().string(1, key).bytes(2, new ProtobufWriter().string(1, value).finish()).finish();
}

export interface PartialSuccess {
  readonly rejected: number;
  readonly message: string;
}

/** The `partial_success` of an export response; `undefined` when all was taken or it cannot be read. */
export function readPartialSuccess(body: Uint8Array): PartialSuccess | undefined {
  const partial = fieldsOf(body)?.find(([field]) => field === 1)?.[1];
  const fields = partial instanceof Uint8Array ? fieldsOf(partial) : undefined;
  if (fields === undefined) return undefined;
  const rejected = fields.find(([field]) => field === 1)?.[1];
  const message = fields.find(([field]) => field === 2)?.[1];
  return {
    rejected: typeof rejected === 'number' ? rejected : 0,
    message: message instanceof Uint8Array ? Buffer.from(message).toString() : '',
  };
}

/** Numbers and bytes of one message; `undefined` when it is none. */
function fieldsOf(bytes: Uint8Array): (readonly [field: number, value: number | Uint8Array])[] | undefined {
  const fields: (readonly [number, number | Uint8Array])[] = [];
  let at = 0;
  const varint = (): number | undefined => {
    let value = 0;
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = varint();
    const value = varint();
    if (tag === undefined || value === undefined) return undefined;
    if ((tag & 7) === 0) fields.push([tag >>> 3, value]);
    else if ((tag & 7) === 2 && at + value <= bytes.length) {
      fields.push([tag >>> 3, bytes.subarray(at, at + value)]);
      at += value;
    } else return undefined;
  }
  return fields;
}
