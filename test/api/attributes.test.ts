import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type {
  AttributeListJson,
  AttributeValueListJson,
  CompletionJson,
} from "../../src/api/attribute-contract.ts";
import { buildSpan } from "../helpers/trace-builder.ts";
import type { ApiServer } from "./api-fixture.ts";
import { checkoutSpans, startApi, workerSpan } from "./api-fixture.ts";

/** A cart behind the worker's first job, with keys that need quotes and encoding. */
const CART = buildSpan("job-1", {
  id: "cart",
  parent: "job-1",
  service: "cart",
  name: "add",
  at: [1_000, 1_001],
  attributes: { "http.route": "/cart/{id}", "a/b c": 'say "hi"', "http.response.status_code": 200n },
});

let api: ApiServer;
beforeAll(async () => {
  api = await startApi([checkoutSpans(), [...[1, 2, 3].map(workerSpan), CART]]);
});
afterAll(() => api.stop());

const ask = async <Answer>(path: string, parameters: Record<string, string>): Promise<Answer> =>
  (await api.get(`/api/v1/${path}?${new URLSearchParams(parameters).toString()}`)) as Answer;

describe("attributes", () => {
  it("are listed by level, with types, counts and when they were last seen", async () => {
    const { attributes, isWhole, spansExamined, range } = await ask<AttributeListJson>("attributes", {
      level: "event",
    });
    expect(attributes).toEqual([
      {
        level: "event",
        key: "exception.type",
        types: ["string"],
        count: 1,
        // The third job is the newest span that was counted with it.
        lastSeenUnixNano: "1700000003000000000",
      },
    ]);
    expect([isWhole, spansExamined]).toEqual([true, 0]);
    expect(range).toEqual({ startTimeUnixNano: "0", endTimeUnixNano: "1700000060000000000" });
  });

  it("have values, whatever their key is made of", async () => {
    expect(
      await ask<AttributeValueListJson>("attributes/values", { level: "span", key: "a/b c" }),
    ).toMatchObject({
      level: "span",
      key: "a/b c",
      values: [{ type: "string", value: 'say "hi"', count: 1 }],
      isWhole: true,
    });
  });

  it.each([
    ['{ resource.service.name = "payment" }', ["500"]],
    ['{ resource.service.name = "cart" && span.http.', ["200"]],
    ['{ resource.service.name = "nobody" }', []],
    ["{ span.http.response.status_code / 0 = 1 }", []],
    ["{ nonsense", ["200", "500"]],
    ["", ["200", "500"]],
  ])("have values on the spans that %s asks for", async (q, texts) => {
    const parameters = { key: "http.response.status_code", q };
    const { values } = await ask<AttributeValueListJson>("attributes/values", parameters);
    expect(values.map(({ value }) => value).sort()).toEqual(texts);
  });

  it("are those of matching spans alone, with the roots of their traces", async () => {
    const q = '{ resource.service.name = "cart" }';
    const { attributes, spansExamined } = await ask<AttributeListJson>("attributes", { level: "span", q });
    expect(attributes.map(({ key }) => key)).toEqual(["a/b c", "http.response.status_code", "http.route"]);
    expect(spansExamined).toBe(2);
    const roots = { level: "intrinsic", key: "trace:rootName", q };
    const { values } = await ask<AttributeValueListJson>("attributes/values", roots);
    expect(values.map(({ value, count }) => [value, count])).toEqual([["job 1", 1]]);
  });

  it("have the words of the language for status and kind", async () => {
    const { values } = await ask<AttributeValueListJson>("attributes/values", {
      level: "intrinsic",
      key: "span:status",
    });
    expect(values).toEqual(
      ["unset", "ok", "error"].map((value) => ({
        ...{ type: "keyword", value, count: 0 },
        lastSeenUnixNano: "0",
      })),
    );
  });

  it("lie in the range asked for", async () => {
    const before = { level: "span", end: "1600000000" };
    expect((await ask<AttributeListJson>("attributes", before)).attributes).toEqual([]);
  });
});

describe("completion", () => {
  /** Texts suggested where the bar stands, of some kinds. */
  const at = async (text: string, ...kinds: string[]): Promise<string[]> => {
    const position = text.indexOf("|");
    const q = text.replace("|", "");
    const { start, end, suggestions } = await ask<CompletionJson>("complete", {
      q,
      position: String(position),
    });
    const some = suggestions.filter(({ kind }) => kinds.length === 0 || kinds.includes(kind));
    return some.map((suggestion) => q.slice(0, start) + suggestion.text + q.slice(end));
  };

  it.each([
    ['{ resource.service.name = "pa| }', ['{ resource.service.name = "payment" }']],
    ['{ resource.service.name = "pa|yments" }', ['{ resource.service.name = "payment" }']],
    ["{ span.http.res| = 500 }", ["{ span.http.response.status_code = 500 }"]],
    ["{ span.http.response.status_code = 5|", ["{ span.http.response.status_code = 500"]],
    ["{ .http.ro|", ["{ .http.route"]],
    ["{ span.a|", ['{ span."a/b c"']],
    ['{ span."a/b c" = |', ['{ span."a/b c" = `say "hi"`']],
    ['{ name = "job 3|', ['{ name = "job 3"']],
    [
      '{ resource.service.name = "cart" && span.http.response.status_code = |',
      ['{ resource.service.name = "cart" && span.http.response.status_code = 200'],
    ],
    [
      '{ span.http.response.status_code = | && resource.service.name = "cart" }',
      ['{ span.http.response.status_code = 200 && resource.service.name = "cart" }'],
    ],
  ])("of %s", async (text, expected) => {
    const found = await at(text, "value");
    expect(found.length > 0 ? found : await at(text, "attributeKey")).toEqual(expected);
  });

  it("puts what occurs most first, then words of the language", async () => {
    const { suggestions, start, end, isWhole } = await ask<CompletionJson>("complete", {
      q: "{ resource.service.name = ",
    });
    expect(suggestions.slice(0, 4)).toEqual([
      { kind: "value", text: '"worker"', detail: "string", count: 3 },
      { kind: "value", text: '"gateway"', detail: "string", count: 2 },
      { kind: "value", text: '"cart"', detail: "string", count: 1 },
      { kind: "value", text: '"payment"', detail: "string", count: 1 },
    ]);
    expect([start, end, isWhole]).toEqual([26, 26, true]);
    expect(suggestions.map(({ kind }) => kind)).toContain("intrinsic");
  });

  it("suggests the words of a status, and stages where no span is asked for", async () => {
    expect(await at("{ status = e|", "keyword")).toEqual(["{ status = error"]);
    const { suggestions } = await ask<CompletionJson>("complete", { q: "{ } | cou" });
    expect(suggestions.map(({ text }) => text)).toEqual(["count", "count_over_time"]);
  });

  it.each(["", "}{", '{ a = "', "{ ( ( (", "💥 { ."])("is never a fault of the query", async (q) => {
    const parameters = new URLSearchParams({ q });
    expect((await api.fetch(`/api/v1/complete?${parameters.toString()}`)).status).toBe(200);
  });
});
