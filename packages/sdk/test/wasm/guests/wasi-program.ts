import { Attributes, Span, SpanFile, SpanKind, StatusCode } from "@throughline/sdk/assemblyscript/wasi";

// A program under WASI: `count` orders, each a trace of two spans, then one with everything in it.
const args = process.argv;
const file = SpanFile.open(args[1], "orders");
file.describe("deployment.environment.name", "test");
const count = i32(parseInt(args[2]));
for (let number = 0; number < count; number++) {
  const order = Span.startRoot("order", SpanKind.Consumer).set("order.number", number);
  Span.start("price").end();
  order.end();
  if (number % 50 == 0) console.log(number.toString());
}
const all = Span.start("everything")
  .set("text", "Grüße 🌍")
  .set("flag", true)
  .set("small", <u8>7)
  .set("large", i64.MAX_VALUE)
  .set("negative", -5)
  .set("ratio", 0.5)
  .set("texts", ["a", "b"])
  .set("counts", [1, 2, 3])
  .set("text", "the last one wins 🌍");
all.event("told", new Attributes().set("percent", 5));
const tried = Span.start("tried");
tried.fail("no luck", "Misfortune");
tried.end();
all.status(StatusCode.Ok);
console.log(all.traceparent);
all.end();
console.log("dropped " + file.dropped.toString() + " " + (file.close() ? "written" : "waiting"));
