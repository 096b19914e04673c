import { Attributes, Span, SpanKind, StatusCode, traceparent } from "@throughline/sdk/assemblyscript";

@external("host", "note")
declare function note(value: i32): i32;

export function double(value: i32): i32 {
  return value * 2;
}

export function describe(text: string): string {
  const span = Span.start("describe it", SpanKind.Client)
    .set("text", text)
    .set("flag", true)
    .set("small", <u8>7)
    .set("large", i64.MAX_VALUE)
    .set("ratio", 0.5)
    .set("texts", ["a", text])
    .set("flags", [true, false])
    .set("counts", [1, 2, 3])
    .set("ratios", [0.5, <f64>1.5]);
  span.event("bare").event("told", new Attributes().set("percent", 5).set("why", "because"));
  span.status(StatusCode.Ok);
  span.end();
  Span.current().set("from the guest", text.length);
  return text + "!";
}

export function nest(): string {
  const outer = Span.start("outer");
  const inner = Span.start("inner");
  const context = traceparent();
  note(1);
  inner.end();
  const aside = Span.startBelow(outer, "aside");
  outer.end();
  aside.end();
  Span.startRoot("elsewhere").end();
  Span.start("last").end();
  return context;
}

export function trap(divisor: i32): i32 {
  Span.start("division");
  return 1 / divisor;
}

export function failed(): void {
  const span = Span.start("tried");
  if (span.isRecording) span.fail("no luck", "Misfortune");
  span.end();
}

export function forget(): void {
  Span.start("forgotten one");
  Span.start("forgotten two");
}

export function endHost(): void {
  Span.current().end();
}

export function again(depth: i32): i32 {
  const span = Span.start("depth " + depth.toString());
  const answer = note(depth);
  span.end();
  return answer;
}
