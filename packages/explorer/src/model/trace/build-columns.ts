import type { SpanDetail, TraceAnswer } from '#shapes/api.js';
import { SPAN_KINDS } from '#shapes/filter.js';
import { type Call, clockOffsets } from './clock-skew.js';
import { type Process, SpanFlag, type TraceColumns, type TraceService } from './columns.js';
import { criticalPath } from './critical-path.js';
import { findFolds } from './folds.js';
import { placeName, runtimeName, systemName } from './runtime-name.js';
import { selfTimes } from './self-time.js';

/** Turns an answer into columns in tree order. Never fails: rings, missing parents and doubled ids become flags. */
export function buildColumns(answer: TraceAnswer): TraceColumns {
  const { spans, resources } = answer;
  const count = spans.length;
  const { base, starts } = relativeStarts(spans);
  const parents = findParents(spans);
  const offsets = clockOffsets(resources.length, calls(spans, starts, parents.index), reference(spans, parents.index));
  for (let i = 0; i < count; i++) starts[i]! += offsets[spans[i]!.resource]!;
  let first = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i++) first = Math.min(first, starts[i]!);
  if (count === 0) first = 0;

  const { order, depth, descendants } = treeOrder(spans, starts, parents.index, parents.orphan);
  const position = new Int32Array(count);
  for (let i = 0; i < count; i++) position[order[i]!] = i;

  const names = new Interned();
  const services = new Interned();
  const systems = new Interned();
  systems.of('');
  const places = new Interned();
  places.of('');
  const serviceOf = resources.map((resource) => services.of(resource.service || 'unknown_service'));
  const eventTotal = spans.reduce((sum, span) => sum + span.events.length, 0);

  const name = new Uint32Array(count);
  const service = new Uint16Array(count);
  const process = new Uint32Array(count);
  const system = new Uint16Array(count);
  const place = new Uint16Array(count);
  const kind = new Uint8Array(count);
  const flags = new Uint8Array(count);
  const start = new Float64Array(count);
  const duration = new Float64Array(count);
  const parent = new Int32Array(count);
  const spanIds: string[] = new Array(count);
  const eventOffset = new Uint32Array(count + 1);
  const eventTime = new Float64Array(eventTotal);
  const eventIsException = new Uint8Array(eventTotal);
  let end = 0;
  let errors = 0;
  let events = 0;
  for (let i = 0; i < count; i++) {
    const from = order[i]!;
    const span = spans[from]!;
    spanIds[i] = span.spanId;
    name[i] = names.of(span.name);
    process[i] = span.resource;
    service[i] = serviceOf[span.resource] ?? 0;
    system[i] = systems.of(span.kind === 'server' || span.kind === 'internal' ? '' : systemName(span.attributes));
    place[i] = places.of(placeName(span.attributes));
    kind[i] = Math.max(0, SPAN_KINDS.indexOf(span.kind));
    start[i] = starts[from]! - first;
    duration[i] = span.durationNano;
    const up = parents.index[from]!;
    parent[i] = up < 0 ? -1 : position[up]!;
    if (span.status === 'error') {
      flags[i]! |= SpanFlag.error;
      errors++;
    }
    flags[i]! |= parents.orphan[from]!;
    if (offsets[span.resource] !== 0) flags[i]! |= SpanFlag.moved;
    if (parent[i]! >= 0 && start[i]! > start[parent[i]!]! + duration[parent[i]!]!) flags[i]! |= SpanFlag.detached;
    eventOffset[i] = events;
    for (const event of span.events) {
      eventTime[events] = Number(BigInt(event.timeUnixNano) - base) + offsets[span.resource]! - first;
      eventIsException[events] = event.name === 'exception' ? 1 : 0;
      events++;
    }
    end = Math.max(end, start[i]! + duration[i]!);
  }
  eventOffset[count] = events;
  markErrorSources(flags, parent, count);

  const times = { start, duration, descendants };
  const self = selfTimes(times, count);
  const path = count > 0 ? criticalPath(times, mainRoot(parent, descendants, start, duration, count)) : undefined;
  if (path !== undefined) for (const span of path.span) flags[span]! |= SpanFlag.critical;

  return {
    traceId: answer.traceId,
    originUnixNano: (base + BigInt(Math.round(first))).toString(),
    durationNano: end,
    count,
    errors,
    depthMax: depth.reduce((max, value) => Math.max(max, value), 0),
    spanIds,
    names: names.list,
    services: sumServices(services.list, service, flags, self, count),
    processes: describeProcesses(answer, serviceOf, offsets),
    systems: systems.list,
    places: places.list,
    name,
    service,
    process,
    system,
    place,
    kind,
    flags,
    start,
    duration,
    self,
    parent,
    depth,
    descendants,
    source: order,
    eventOffset,
    eventTime,
    eventIsException,
    criticalSpan: path?.span ?? new Uint32Array(),
    criticalStart: path?.start ?? new Float64Array(),
    criticalEnd: path?.end ?? new Float64Array(),
    ...findFolds({ count, parent, descendants, name, service, flags, start, duration, spanIds }),
  };
}

class Interned {
  readonly list: string[] = [];
  readonly #index = new Map<string, number>();
  of(value: string): number {
    let index = this.#index.get(value);
    if (index === undefined) {
      index = this.list.length;
      this.list.push(value);
      this.#index.set(value, index);
    }
    return index;
  }
}

/** Epoch nanoseconds do not fit a double; their distance from the first span does. */
function relativeStarts(spans: readonly SpanDetail[]): { base: bigint; starts: Float64Array } {
  const starts = new Float64Array(spans.length);
  if (spans.length === 0) return { base: 0n, starts };
  const absolute = spans.map((span) => BigInt(span.startUnixNano));
  const base = absolute.reduce((least, value) => (value < least ? value : least));
  for (let i = 0; i < starts.length; i++) starts[i] = Number(absolute[i]! - base);
  return { base, starts };
}

function findParents(spans: readonly SpanDetail[]): { index: Int32Array; orphan: Uint8Array } {
  const byId = new Map<string, number>();
  for (let i = 0; i < spans.length; i++) if (!byId.has(spans[i]!.spanId)) byId.set(spans[i]!.spanId, i);
  const index = new Int32Array(spans.length).fill(-1);
  const orphan = new Uint8Array(spans.length);
  for (let i = 0; i < spans.length; i++) {
    const id = spans[i]!.parentSpanId;
    if (id === '') continue;
    const found = byId.get(id);
    if (found === undefined) orphan[i] = SpanFlag.orphan;
    else if (found === i) orphan[i] = SpanFlag.ring;
    else index[i] = found;
  }
  // A ring has no way to a root: walk up from every span, and cut where a walk meets itself.
  const state = new Uint8Array(spans.length);
  for (let i = 0; i < spans.length; i++) {
    const walk: number[] = [];
    let at = i;
    while (at >= 0 && state[at] === 0) {
      state[at] = 1;
      walk.push(at);
      at = index[at]!;
    }
    if (at >= 0 && state[at] === 1) {
      index[at] = -1;
      orphan[at] = SpanFlag.ring;
    }
    for (const span of walk) state[span] = 2;
  }
  return { index, orphan };
}

/** As our SDK and OpenTelemetry's instrumentation name it. */
const DOCUMENT_LOAD = 'documentLoad';

function* calls(spans: readonly SpanDetail[], starts: Float64Array, parents: Int32Array): Generator<Call> {
  for (let i = 0; i < spans.length; i++) {
    const up = parents[i]!;
    if (up < 0) continue;
    const child = spans[i]!;
    const parent = spans[up]!;
    if (child.resource === parent.resource) continue;
    if (child.name === DOCUMENT_LOAD) {
      // The page joins the trace of the server that made it, but asked for itself first: the server's span lies in the load.
      yield {
        parentProcess: child.resource,
        childProcess: parent.resource,
        parentStart: starts[i]!,
        parentEnd: starts[i]! + child.durationNano,
        childStart: starts[up]!,
        childEnd: starts[up]! + parent.durationNano,
        waited: true,
      };
      continue;
    }
    yield {
      parentProcess: parent.resource,
      childProcess: child.resource,
      parentStart: starts[up]!,
      parentEnd: starts[up]! + parent.durationNano,
      childStart: starts[i]!,
      childEnd: starts[i]! + child.durationNano,
      waited: parent.kind === 'client' && child.kind === 'server',
    };
  }
}

/** The process whose clock is believed: that of the first root. */
function reference(spans: readonly SpanDetail[], parents: Int32Array): number {
  const root = parents.findIndex((parent, index) => parent < 0 && spans[index]!.parentSpanId === '');
  return spans[root]?.resource ?? spans[0]?.resource ?? 0;
}

function treeOrder(
  spans: readonly SpanDetail[],
  starts: Float64Array,
  parents: Int32Array,
  orphan: Uint8Array,
): { order: Uint32Array; depth: Uint16Array; descendants: Uint32Array } {
  const count = spans.length;
  const children = new Map<number, number[]>();
  for (let i = 0; i < count; i++) {
    const list = children.get(parents[i]!);
    if (list === undefined) children.set(parents[i]!, [i]);
    else list.push(i);
  }
  const byStart = (a: number, b: number): number =>
    starts[a]! - starts[b]! || spans[b]!.durationNano - spans[a]!.durationNano || a - b;
  for (const list of children.values()) list.sort(byStart);
  children.get(-1)?.sort((a, b) => orphan[a]! - orphan[b]! || byStart(a, b));

  const order = new Uint32Array(count);
  const depth = new Uint16Array(count);
  const descendants = new Uint32Array(count);
  const stack: { list: readonly number[]; next: number; at: number }[] = [
    { list: children.get(-1) ?? [], next: 0, at: -1 },
  ];
  let placed = 0;
  while (stack.length > 0) {
    const frame = stack[stack.length - 1]!;
    const span = frame.list[frame.next++];
    if (span === undefined) {
      stack.pop();
      if (frame.at >= 0) descendants[frame.at] = placed - frame.at - 1;
      continue;
    }
    order[placed] = span;
    depth[placed] = Math.min(stack.length - 1, 0xffff);
    stack.push({ list: children.get(span) ?? [], next: 0, at: placed });
    placed++;
  }
  return { order, depth, descendants };
}

function markErrorSources(flags: Uint8Array, parent: Int32Array, count: number): void {
  for (let span = count - 1; span >= 0; span--) {
    const failed = (flags[span]! & (SpanFlag.error | SpanFlag.errorBelow)) !== 0;
    if (failed && parent[span]! >= 0) flags[parent[span]!]! |= SpanFlag.errorBelow;
    if ((flags[span]! & SpanFlag.error) !== 0 && (flags[span]! & SpanFlag.errorBelow) === 0) {
      flags[span]! |= SpanFlag.errorSource;
    }
  }
}

/** The root whose tree the critical path is drawn for: the one with most below it, the longer of two equals. */
function mainRoot(
  parent: Int32Array,
  descendants: Uint32Array,
  start: Float64Array,
  duration: Float64Array,
  count: number,
): number {
  let best = 0;
  for (let span = 0; span < count; span += descendants[span]! + 1) {
    if (parent[span] !== -1) continue;
    const more = descendants[span]! - descendants[best]!;
    if (more > 0 || (more === 0 && start[span]! + duration[span]! > start[best]! + duration[best]!)) best = span;
  }
  return best;
}

function sumServices(
  names: readonly string[],
  service: Uint16Array,
  flags: Uint8Array,
  self: Float64Array,
  count: number,
): TraceService[] {
  const sums = names.map((name) => ({ name, spans: 0, errors: 0, selfNano: 0 }));
  for (let span = 0; span < count; span++) {
    const sum = sums[service[span]!]!;
    sum.spans++;
    sum.selfNano += self[span]!;
    if (flags[span]! & SpanFlag.error) sum.errors++;
  }
  return sums;
}

function describeProcesses(answer: TraceAnswer, serviceOf: readonly number[], offsets: Float64Array): Process[] {
  const spans = new Uint32Array(answer.resources.length);
  for (const span of answer.spans) spans[span.resource]!++;
  return answer.resources.map((resource, index) => ({
    service: serviceOf[index]!,
    runtime: runtimeName(resource.attributes),
    movedNano: offsets[index]!,
    spans: spans[index]!,
  }));
}
