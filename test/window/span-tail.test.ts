import fc from "fast-check";
import { expect, test } from "vitest";
import type { Attributes } from "../../src/model/attribute-value.ts";
import { makeSpan } from "../../src/model/make-span.ts";
import { FarEnds } from "../../src/window/far-ends.ts";
import { SpanTails } from "../../src/window/span-tail.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { spanIdOf, traceIdOf } from "../helpers/trace-builder.ts";

/** On either side of what one, two and three bytes of a length can say. */
const lengthArbitrary = fc.constantFrom(0, 1, 100, 127, 128, 300, 16_383, 16_384, 20_000);
const countArbitrary = fc.constantFrom(0, 1, 127, 128, 100_000);
const textsArbitrary = fc.array(lengthArbitrary, { maxLength: 4 });

const fieldsArbitrary = fc.record({
  before: textsArbitrary,
  after: textsArbitrary,
  nameLength: lengthArbitrary,
  statusMessageLength: lengthArbitrary,
  eventNameLengths: fc.array(lengthArbitrary, { maxLength: 2 }),
  linkNames: fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 3 }),
  isWeighted: fc.boolean(),
  flags: fc.constantFrom(0, 1, 0x301),
  droppedAttributesCount: countArbitrary,
  droppedEventsCount: countArbitrary,
  droppedLinksCount: countArbitrary,
});

function texts(prefix: string, lengths: readonly number[]): Attributes {
  return Object.fromEntries(lengths.map((length, at) => [`${prefix}${at}`, "x".repeat(length)]));
}

test("a trace state and an attribute longer than any stack is deep are read like short ones", () => {
  const long = "x".repeat(1_000_000);
  const span = makeSpan({
    traceId: traceIdOf("t"),
    spanId: spanIdOf("s"),
    name: "n",
    kind: "CLIENT",
    startTimeUnixNano: 1n,
    endTimeUnixNano: 2n,
    traceState: `ot=th:8,other=${long}`,
    attributes: { "service.peer.name": long },
  });
  const farEnds = new FarEnds();
  const tails = new SpanTails(farEnds);
  tails.read(batchOf([span]), 0);
  expect(farEnds.attributes(tails.farEnd)).toEqual({ "service.peer.name": long });
  expect(tails.weight).toBe(2);
});

test("far end, links and weight are found whatever other fields a span has, of any length", () => {
  fc.assert(
    fc.property(fieldsArbitrary, (fields) => {
      const links = fields.linkNames.map((name) => ({ traceId: traceIdOf(name), spanId: spanIdOf(name) }));
      const span = makeSpan({
        traceId: traceIdOf("t"),
        spanId: spanIdOf("s"),
        name: "n".repeat(fields.nameLength),
        kind: "CLIENT",
        startTimeUnixNano: 1_700_000_000_000_000_000n,
        endTimeUnixNano: 1_700_000_000_000_000_009n,
        status: "ERROR",
        statusMessage: "m".repeat(fields.statusMessageLength),
        attributes: {
          ...texts("before", fields.before),
          "service.peer.name": "payments",
          ...texts("after", fields.after),
        },
        events: fields.eventNameLengths.map((length) => ({
          name: "e".repeat(length),
          timeUnixNano: 5n,
          attributes: {},
          droppedAttributesCount: 0,
        })),
        links: links.map((link) => ({
          ...link,
          attributes: {},
          traceState: "",
          droppedAttributesCount: 0,
          flags: 0,
        })),
        traceState: fields.isWeighted ? "ot=th:8" : "",
        flags: fields.flags,
        droppedAttributesCount: fields.droppedAttributesCount,
        droppedEventsCount: fields.droppedEventsCount,
        droppedLinksCount: fields.droppedLinksCount,
      });
      const farEnds = new FarEnds();
      const tails = new SpanTails(farEnds);
      tails.read(batchOf([span]), 0);
      expect(farEnds.attributes(tails.farEnd)).toEqual({ "service.peer.name": "payments" });
      expect(tails.links).toEqual(links);
      expect(tails.weight).toBe(fields.isWeighted ? 2 : 1);
    }),
  );
});
