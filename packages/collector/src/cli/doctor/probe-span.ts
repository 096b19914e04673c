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
