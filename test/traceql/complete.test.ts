import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Completion, Expectation } from "../../src/traceql/complete.ts";
import { completionAt } from "../../src/traceql/complete.ts";
import { printQuery } from "../../src/traceql/print-query.ts";
import { randomQuery } from "./random-query.ts";

/** The completion where `|` stands: no query below has that sign otherwise, `¦` is put for it. */
function at(marked: string): Completion & { replaced: string } {
  const offset = marked.indexOf("|");
  const text = marked.replace("|", "").replaceAll("¦", "|");
  const completion = completionAt(text, offset);
  return { ...completion, replaced: text.slice(completion.start, completion.end) };
}

const kinds = (completion: Completion): string[] => completion.expects.map((one) => one.kind);
const words = (completion: Completion, kind: Expectation["kind"]): readonly string[] =>
  completion.expects.flatMap((one) => ("words" in one && one.kind === kind ? one.words : []));

const service = { node: "attribute", scope: "resource", key: "service.name" };

describe("completion in a condition", () => {
  it.each(["{ |", "{|}", "{ .a && |", "{ (| }", "{ !|", "{ .a + |", "{ dur| }", "{} >> { |"])(
    "expects a field in %s",
    (marked) => {
      expect(kinds(at(marked))).toEqual(["scope", "intrinsic", "attributeKey", "keyword"]);
      expect(words(at(marked), "intrinsic")).toContain("duration");
      expect(words(at(marked), "scope")).toContain("resource.");
    },
  );

  it.each([
    ["{ .|", "any", "", "."],
    ["{ resource.|", "resource", "", "resource."],
    ["{ resource.serv|", "resource", "serv", "resource.serv"],
    ["{ resource.serv|ice.name = 1 }", "resource", "serv", "resource.service.name"],
    ["{ .a && span.http.| = 1 }", "span", "http.", "span.http."],
    ['{ span."a b|', "span", "a b", 'span."a b'],
    ["{} ¦ by(event.e|", "event", "e", "event.e"],
    ["{} ¦ rate() by (.a, link.|", "link", "", "link."],
    ["{} ¦ select(instrumentation.|)", "instrumentation", "", "instrumentation."],
  ])("expects a key in %s", (marked, scope, prefix, replaced) => {
    expect(at(marked)).toMatchObject({ prefix, replaced, expects: [{ kind: "attributeKey", scope }] });
  });

  it.each([
    ['{ resource.service.name = "|', "", '"'],
    ['{ resource.service.name = "ch|', "ch", '"ch'],
    ['{ resource.service.name =~ "ch|eck" && .b }', "ch", '"check"'],
    ["{ resource.service.name != `ch|", "ch", "`ch"],
    ['{ resource.service.name = "ch|eck out" && .b }', "ch", '"check out"'],
    ['{ resource.service.name = "ch|eck && .b = "x" }', "ch", '"check'],
  ])("expects a value of the field between quotes in %s", (marked, prefix, replaced) => {
    expect(at(marked)).toMatchObject({ prefix, replaced });
    expect(at(marked).expects).toEqual([
      { kind: "value", field: expect.objectContaining(service), quoted: true },
    ]);
  });

  it("expects a value or another field behind a comparison", () => {
    const completion = at("{ resource.service.name = | }");
    expect(kinds(completion)).toEqual(["value", "keyword", "scope", "intrinsic", "attributeKey"]);
    expect(completion.expects[0]).toMatchObject({ field: service, quoted: false });
  });

  it("knows the values of statuses and kinds", () => {
    expect(words(at("{ status = |"), "keyword")).toEqual(["unset", "ok", "error"]);
    expect(at("{ status = er|")).toMatchObject({ prefix: "er", replaced: "er" });
    expect(words(at("{ span:kind != |"), "keyword")).toContain("server");
  });

  it.each(["{ .a |", '{ "x" |', "{ 5s | }", "{ (.a) |", "{ name |= 1 }", "{ .a &|"])(
    "expects an operator in %s",
    (marked) => {
      expect(kinds(at(marked))).toEqual(["operator"]);
      expect(words(at(marked), "operator")).toEqual(expect.arrayContaining(["=", "!=", "=~", "&&", "+"]));
    },
  );

  it("expects nothing in a text that is compared with no field", () => {
    expect(at('{ "ab|').expects).toEqual([]);
  });
});

describe("completion in a pipeline", () => {
  it.each(["|", "(|", "({} >> {}) && |", "{} > |"])("expects spans in %s", (marked) => {
    expect(kinds(at(marked))).toContain("spanset");
  });

  it("expects an operator behind spans", () => {
    expect(words(at("{} |"), "operator")).toEqual(expect.arrayContaining(["|", "&&", ">>", "!~", "&>"]));
  });

  it.each([
    ["{} ¦ |", ["stage", "function", "function", "spanset"]],
    ["{} ¦ by(.a) ¦ co|", ["stage", "function", "function", "spanset"]],
    ["{} ¦ rate() ¦ |", ["stage"]],
    ["{} ¦ count() |", ["operator"]],
    ["{} ¦ count() > |", ["function"]],
    ["{} ¦ rate() |", ["keyword", "operator"]],
    ["{} ¦ avg(|", ["scope", "intrinsic", "attributeKey", "keyword"]],
    ["{} ¦ by(dur|", ["scope", "intrinsic", "attributeKey", "keyword"]],
    ["{} ¦ select(.a, |", ["scope", "intrinsic", "attributeKey"]],
    ["{} ¦ quantile_over_time(|", ["scope", "intrinsic", "attributeKey"]],
    ["{} ¦ quantile_over_time(duration, |", []],
    ["{} ¦ orderBy(|", ["scope", "intrinsic", "attributeKey", "function"]],
    ["{} ¦ compare(|", ["spanset"]],
    ["{} ¦ compare({ |", ["scope", "intrinsic", "attributeKey", "keyword"]],
  ])("in %s expects %j", (marked, expected) => {
    expect(kinds(at(marked))).toEqual(expected);
  });

  it("names the words that fit", () => {
    expect(words(at("{} ¦ |"), "stage")).toEqual(["by", "coalesce", "select", "orderBy"]);
    expect(words(at("{} ¦ |"), "function")).toEqual(expect.arrayContaining(["count", "rate", "compare"]));
    expect(words(at("{} ¦ rate() ¦ |"), "stage")).toEqual(["topk", "bottomk"]);
    expect(words(at("{} ¦ rate() |"), "keyword")).toEqual(["by", "with"]);
    expect(words(at("{} ¦ orderBy(.a, |"), "keyword")).toEqual(["desc", "asc"]);
    expect(words(at("{} with(sam|"), "keyword")).toContain("sample");
    expect(words(at("{} with(sample=|"), "keyword")).toEqual(["true", "false"]);
  });

  it("replaces the word that is being typed, whole", () => {
    expect(at("{} ¦ co|al")).toMatchObject({ prefix: "co", replaced: "coal" });
    expect(at("{} ¦ |")).toMatchObject({ prefix: "", replaced: "" });
  });
});

describe("completion", () => {
  it("answers for every text and offset, with a range that holds the offset", () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), randomQuery.map(printQuery));
    fc.assert(
      fc.property(text, fc.integer({ min: -5, max: 500 }), (query, offset) => {
        const { start, end } = completionAt(query, offset);
        const inside = Math.max(0, Math.min(offset, query.length));
        expect(start).toBeLessThanOrEqual(inside);
        expect(end).toBeGreaterThanOrEqual(inside);
        expect(end).toBeLessThanOrEqual(query.length);
      }),
    );
  });
});
