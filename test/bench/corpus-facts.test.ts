import { describe, expect, it } from "vitest";
import { corpusFacts } from "../../bench/queries/corpus-facts.ts";
import { corpusSpans } from "../../bench/queries/corpus-spans.ts";
import { QueryName, queryCases } from "../../bench/queries/query-cases.ts";

const spans = corpusSpans();
const facts = corpusFacts(spans);
const spansWith = (key = "", value = "") =>
  spans.filter(({ attributes }) => attributes[key] === value).length;

describe("what there is to ask for in a corpus", () => {
  it("are its five largest services", () => {
    expect(facts.services.slice(0, 3)).toEqual(["frontend-proxy", "frontend", "product-catalog"]);
    expect(facts.services).toHaveLength(5);
  });

  it("is a common value on many spans, but no more than a fifth", () => {
    const count = spansWith(facts.common?.key, facts.common?.value);
    expect(count / spans.length).toBeGreaterThan(0.02);
    expect(count / spans.length).toBeLessThanOrEqual(0.2);
  });

  it("is a rare value on one span and an absent one, of the same key, on none", () => {
    expect(spansWith(facts.rare?.key, facts.rare?.value)).toBe(1);
    expect(spansWith(facts.absent?.key, facts.absent?.value)).toBe(0);
    expect(facts.absent?.key).toBe(facts.rare?.key);
  });

  it("is an attribute that hardly any span has", () => {
    const share = spans.filter(({ attributes }) => facts.seldom!.key in attributes).length / spans.length;
    expect(share).toBeLessThan(0.015);
    expect(spansWith(facts.seldom?.key, facts.seldom?.value)).toBeGreaterThan(0);
  });

  it("is no attribute where no key has several values", () => {
    expect(corpusFacts([])).toEqual({
      services: [],
      common: undefined,
      rare: undefined,
      absent: undefined,
      seldom: undefined,
    });
  });
});

describe("the questions", () => {
  it("escape what they ask for", () => {
    const odd = { ...facts, services: ["a b&c"], common: { key: "k", value: "x=y&z" } };
    const cases = queryCases(odd, ["0".repeat(32)]);
    const path = (name: string) => cases.find((query) => query.name === name)?.path(0);
    expect(path(QueryName.SERVICE)).toBe("/api/v1/traces?service=a%20b%26c");
    expect(path(QueryName.ATTRIBUTE_COMMON)).toBe("/api/v1/traces?attribute=k%3Dx%3Dy%26z");
  });

  it("leave out attributes that a corpus does not have", () => {
    const names = queryCases({ ...facts, rare: undefined, absent: undefined }, []).map(({ name }) => name);
    expect(names).toContain(QueryName.ATTRIBUTE_COMMON);
    expect(names).not.toContain(QueryName.ATTRIBUTE_RARE);
    expect(names).not.toContain(QueryName.ATTRIBUTE_ABSENT);
  });
});
