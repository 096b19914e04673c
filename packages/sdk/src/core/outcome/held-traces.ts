import { createTraceState } from '../context/trace-state.js';
import { readOtFields, withThreshold } from '../sampling/ot-fields.js';
import type { RecordingSpan } from '../trace/recording-span.js';
import type { FragmentBuffer } from '../wire/open-buffer.js';
import type { EncodedScope } from '../wire/scope.js';
import { withSpanTraceState } from '../wire/span-trace-state.js';
import { HeldFragments, SpanScratch } from './held-fragments.js';
import { Line, Link } from './line.js';
import { bitsOf, type CheckedRules, type Threshold } from './outcome-rules.js';

/** What became of traces, since the start. A trace is what this process has of one, from when its first span begins to when none is open. */
export interface OutcomeStatus {
  readonly heldTraces: number;
  readonly heldSpans: number;
  readonly heldBytes: number;
  readonly keptTraces: number;
  readonly droppedTraces: number;
  readonly droppedSpans: number;
  /** Of these, decided before all their spans had ended, because a bound was reached. */
  readonly decidedEarly: number;
  /** Dropped, and then an error or a slow span came: what ended from then on was sent. */
  readonly partialTraces: number;
}

export interface HeldTracesOptions {
  readonly rules: CheckedRules;
  readonly normal: FragmentBuffer;
  /** Takes errors. */
  readonly high: FragmentBuffer;
  readonly onFragment: (buffer: FragmentBuffer) => void;
  readonly nowMs: () => number;
  /** Every trace that begins in this process is recorded: then its share here is its probability. */
  readonly headKeepsAll: boolean;
}

/** Traces that are over and still known, for what comes late. More of them would outlive the young generation of an engine's heap. */
const maxRemembered = 1_000;

interface HeldTrace {
  readonly key: number;
  readonly beganMs: number;
  /** What began it, until it has ended: for its route, and because a trace is as slow as what is still open. */
  root: RecordingSpan | undefined;
  /** What a trace's randomness must reach; known once `root` has ended. */
  threshold: Threshold | undefined;
  readonly headThreshold: string | undefined;
  /** How many spans one stands for can be told. */
  readonly isCounted: boolean;
  /** The upper 24 and lower 32 bits of its randomness. */
  readonly randomHi: number;
  readonly randomLo: number;
  open: number;
  decision: 'held' | 'kept' | 'dropped';
  /** Written as `th` into what is kept; absent where it is as the head has left it. */
  written: string | undefined;
  fragments: HeldFragments | undefined;
  /** Its place among the held, the passing or the over. */
  readonly place: Link<HeldTrace>;
  /** Its place among those that take memory. */
  readonly weight: Link<HeldTrace>;
}

/**
 * The traces of a process whose outcome is not known yet, as bytes. Each is decided once: at its first error or slow span, else when none of its spans is
 * open any more, or early where memory or time is over. What ends later follows the decision, as long as the trace is remembered.
 *
 * Traces whose last 53 bits are equal are one here.
 */
export class HeldTraces {
  readonly #options: HeldTracesOptions;
  readonly #scratch = new SpanScratch();
  readonly #traces = new Map<number, HeldTrace>();
  /** In the order of their beginning. */
  readonly #held = new Line<HeldTrace>();
  /** Decided, and spans of them are open. */
  readonly #passing = new Line<HeldTrace>();
  /** Decided, and nothing of them is open: remembered for what comes late. */
  readonly #over = new Line<HeldTrace>();
  /** Those of the held that take memory, in the order in which they began to. */
  readonly #heavy = new Line<HeldTrace>();
  #heldBytes = 0;
  #heldSpans = 0;
  #kept = 0;
  #dropped = 0;
  #droppedSpans = 0;
  #early = 0;
  #partial = 0;

  constructor(options: HeldTracesOptions) {
    this.#options = options;
  }

  get status(): OutcomeStatus {
    return {
      heldTraces: this.#held.size,
      heldSpans: this.#heldSpans,
      heldBytes: this.#heldBytes,
      keptTraces: this.#kept,
      droppedTraces: this.#dropped,
      droppedSpans: this.#droppedSpans,
      decidedEarly: this.#early,
      partialTraces: this.#partial,
    };
  }

  /** Milliseconds until a trace must be decided; `undefined` where none is held. */
  get nextMs(): number | undefined {
    const { slowMs, maxHoldMs } = this.#options.rules;
    let due = Infinity;
    let looked = 0;
    // In the order of their beginning: behind the first whose root is open none is due sooner. A few of which only a late child is open stand before it.
    for (const { root, beganMs } of this.#held) {
      due = Math.min(due, beganMs + (root ? Math.min(slowMs, maxHoldMs) : maxHoldMs));
      if (root || ++looked === 16) break;
    }
    return due < Infinity ? due - this.#options.nowMs() : undefined;
  }

  began(span: RecordingSpan): void {
    const key = keyOf(span);
    const known = this.#traces.get(key);
    if (known) {
      if (!known.open++ && known.decision !== 'held') this.#passing.add(known.place);
      return;
    }
    const { rules, nowMs, headKeepsAll } = this.#options;
    while (this.#traces.size >= rules.maxTraces || this.#over.size > maxRemembered) this.#forgetOne();
    const fields = span.traceState && readOtFields(span.traceState);
    const random = randomnessOf(span, fields?.randomness);
    const trace: Omit<HeldTrace, 'place' | 'weight'> = {
      key,
      beganMs: nowMs(),
      root: span,
      threshold: undefined,
      headThreshold: fields?.threshold,
      isCounted: fields?.threshold !== undefined || (headKeepsAll && span.parentSpanContext === undefined),
      randomHi: random.hi,
      randomLo: random.lo,
      open: 1,
      decision: 'held',
      written: undefined,
      fragments: undefined,
    };
    const held = trace as HeldTrace;
    Object.assign(held, { place: new Link(held), weight: new Link(held) });
    this.#traces.set(key, held);
    this.#held.add(held.place);
  }

  ended(span: RecordingSpan): void {
    const { rules } = this.#options;
    const trace = this.#traces.get(keyOf(span));
    // Forgotten while it was open: there were too many. Its share decides, the same for all of its spans.
    if (!trace) {
      const { hi, lo } = randomnessOf(span, readOtFields(span.traceState).randomness);
      if (this.#matters(span) || reaches(hi, lo, rules.thresholdFor(span))) this.#send(span, undefined);
      else this.#droppedSpans++;
      return;
    }
    trace.open--;
    if (trace.root === span) {
      trace.threshold = rules.thresholdFor(span);
      trace.root = undefined;
    }
    if (trace.decision !== 'kept' && this.#matters(span)) {
      if (trace.decision === 'dropped') this.#partial++;
      trace.written = undefined;
      this.#keep(trace);
    }
    // The last of it need not be held, and where it is dropped not even written.
    else if (trace.decision === 'held' && trace.open <= 0) this.#decide(trace);
    if (trace.decision === 'kept') this.#send(span, trace.written);
    else if (trace.decision === 'dropped') this.#droppedSpans++;
    else this.#hold(trace, span);
    if (trace.open <= 0 && trace.decision !== 'held' && trace.place.line === this.#passing) this.#over.add(trace.place);
  }

  /** What is due by now. */
  decideDue(): void {
    const { slowMs, maxHoldMs } = this.#options.rules;
    const now = this.#options.nowMs();
    for (const trace of this.#held) {
      const ageMs = now - trace.beganMs;
      if (ageMs < Math.min(slowMs, maxHoldMs)) break;
      if (ageMs >= (trace.root ? Math.min(slowMs, maxHoldMs) : maxHoldMs)) this.#decideEarly(trace);
    }
  }

  /** The program might not come back. */
  decideAll(): void {
    for (const trace of this.#held) this.#decideEarly(trace);
  }

  #matters(span: RecordingSpan): boolean {
    const { slowMs, keep } = this.#options.rules;
    if (span.isError) return true;
    const [seconds, nanos] = span.duration;
    return seconds * 1e3 + nanos / 1e6 >= slowMs || keep(span);
  }

  #hold(trace: HeldTrace, span: RecordingSpan): void {
    const { maxBytes, maxTraceBytes } = this.#options.rules;
    span.writeTo(this.#scratch);
    const fragments = trace.fragments ?? new HeldFragments();
    trace.fragments = fragments;
    if (!trace.weight.line) this.#heavy.add(trace.weight);
    const before = fragments.size;
    fragments.add(this.#scratch.scope, this.#scratch.fragment);
    this.#heldBytes += fragments.size - before;
    this.#heldSpans++;
    if (fragments.size > maxTraceBytes) this.#decideEarly(trace);
    for (const oldest of this.#heavy) {
      if (this.#heldBytes <= maxBytes) break;
      this.#decideEarly(oldest);
    }
  }

  #decideEarly(trace: HeldTrace): void {
    const { rules, nowMs } = this.#options;
    this.#early++;
    // As slow as what is still open: that needs no share.
    if (trace.root && nowMs() - trace.beganMs >= rules.slowMs) this.#keep(trace);
    else {
      if (trace.root) trace.threshold = rules.thresholdFor(trace.root);
      this.#decide(trace);
    }
  }

  /** By its share. */
  #decide(trace: HeldTrace): void {
    const { threshold, headThreshold, isCounted } = trace;
    if (!reaches(trace.randomHi, trace.randomLo, threshold)) {
      this.#droppedSpans += trace.fragments?.count ?? 0;
      this.#dropped++;
      this.#settle(trace, 'dropped');
      return;
    }
    // The higher threshold of the two is the probability of both; as fractions they compare as strings.
    if (isCounted && threshold!.text > (headThreshold ?? '0')) trace.written = threshold!.text;
    this.#keep(trace);
  }

  #keep(trace: HeldTrace): void {
    const { normal, onFragment } = this.#options;
    const { fragments, written, decision } = trace;
    if (decision === 'dropped') this.#dropped--;
    this.#kept++;
    this.#settle(trace, 'kept');
    // Errors are never among them: the first one decides.
    fragments?.each((scope, fragment) => {
      put(normal, scope, written === undefined ? fragment : withTh(fragment, written));
      onFragment(normal);
    });
  }

  #settle(trace: HeldTrace, decision: 'kept' | 'dropped'): void {
    trace.decision = decision;
    trace.root = undefined;
    this.#heldBytes -= trace.fragments?.size ?? 0;
    this.#heldSpans -= trace.fragments?.count ?? 0;
    trace.fragments = undefined;
    this.#heavy.remove(trace.weight);
    (trace.open > 0 ? this.#passing : this.#over).add(trace.place);
  }

  #send(span: RecordingSpan, threshold: string | undefined): void {
    const { normal, high, onFragment } = this.#options;
    const buffer = span.isError ? high : normal;
    if (threshold === undefined) span.writeTo(buffer);
    else {
      span.writeTo(this.#scratch);
      put(buffer, this.#scratch.scope, withTh(this.#scratch.fragment, threshold));
    }
    onFragment(buffer);
  }

  /** One that is over, else one that is decided (its open spans may never end), else the oldest of all. */
  #forgetOne(): void {
    const { value: trace } = (this.#over.first ?? this.#passing.first ?? this.#held.first)!;
    if (trace.decision === 'held') this.#decideEarly(trace);
    trace.place.line?.remove(trace.place);
    this.#traces.delete(trace.key);
  }
}

/** The last 53 bits of a trace id, which are random, as a number. */
const keyOf = ({ t2, t3 }: RecordingSpan): number => (t2 & 0x1f_ffff) * 0x1_0000_0000 + (t3 >>> 0);

/** `rv` of the tracestate, else the last 56 bits of the trace id (specification "Probability sampling"). */
const randomnessOf = (
  { t2, t3 }: RecordingSpan,
  explicit: string | undefined,
): { readonly hi: number; readonly lo: number } =>
  explicit === undefined ? { hi: t2 & 0xff_ffff, lo: t3 >>> 0 } : bitsOf(explicit);

const reaches = (hi: number, lo: number, threshold: Threshold | undefined): boolean =>
  threshold !== undefined && (hi > threshold.hi || (hi === threshold.hi && lo >= threshold.lo));

function put(buffer: FragmentBuffer, scope: EncodedScope, fragment: Uint8Array): void {
  const at = buffer.reserve(fragment.length);
  buffer.bytes.set(fragment, at);
  buffer.commit(scope, at + fragment.length);
}

const withTh = (fragment: Uint8Array, threshold: string): Uint8Array =>
  withSpanTraceState(fragment, (text) => {
    const state = createTraceState(text);
    return withThreshold(state, readOtFields(state), threshold)?.serialize() ?? '';
  });
