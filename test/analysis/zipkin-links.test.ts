import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ZipkinLink } from "../../src/analysis/zipkin-links.ts";
import { mergeZipkinLinks, zipkinLinkSpan, zipkinLinks } from "../../src/analysis/zipkin-links.ts";
import type { ZipkinLinkSpan } from "../../src/analysis/zipkin-tree.ts";
import { shuffled } from "../helpers/trace-arbitrary.ts";
import { buildSpan, buildTrace } from "../helpers/trace-builder.ts";

const KINDS: Readonly<Record<string, ZipkinLinkSpan["kind"]>> = {
  C: "CLIENT",
  S: "SERVER",
  P: "PRODUCER",
  N: "CONSUMER",
};

/** `id<parent KIND local>remote flags`: kind C, S, P, N or -; `_` for a name that is not known; flags ! (error) and s (shared). */
function spanFrom(text: string): ZipkinLinkSpan {
  const [ids, kind, names, flags = ""] = text.split(" ") as [string, string, string, string?];
  const [id, parentId] = ids.split("<") as [string, string?];
  const known = (name: string | undefined) => (name === undefined || name === "_" ? undefined : name);
  const [local, remote] = names.split(">");
  return {
    id,
    parentId,
    kind: KINDS[kind],
    isShared: flags.includes("s"),
    localService: known(local),
    localAddress: undefined,
    remoteService: known(remote),
    hasErrorTag: flags.includes("!"),
    timestampMicros: undefined,
  };
}

function told(links: readonly ZipkinLink[]): string[] {
  return links.map(({ parent, child, callCount, errorCount }) => {
    return `${parent}>${child}:${callCount}${errorCount > 0 ? `/${errorCount}` : ""}`;
  });
}

function linksOf(...spans: readonly string[]): string[] {
  return told(zipkinLinks(spans.map(spanFrom)));
}

describe("Zipkin's linker", () => {
  test.each([
    ["counts a shared RPC once", ["a S arn", "b<a C arn>link", "b S link>arn s"], ["arn>link:1"]],
    ["links a consumer to the broker it names", ["a P p", "b<a N c>kafka"], ["kafka>c:1"]],
    ["takes a producer for the caller of a server", ["a P p", "b<a S s"], ["p>s:1"]],
    ["never links producer and consumer directly", ["a C c", "b<a N x"], []],
    ["adds the call that a client under another name stands for", ["a S web", "b<a C app"], ["web>app:1"]],
    [
      "bridges local spans, and knows of no error of a call that it adds",
      ["a S foo", "b<a - _", "c<b C bar>baz !", "d<b C bar>baz"],
      ["bar>baz:2/1", "foo>bar:2"],
    ],
    ["counts the error of the client half", ["a C web !", "b<a S app"], ["web>app:1/1"]],
    [
      "counts each server under one client",
      ["a C client>server", "b<a S server !", "c<a S server"],
      ["client>server:2/1"],
    ],
    ["links nothing to a root that is not there", ["b<a S s1", "c<a S s2"], []],
    ["links what is below a missing root", ["b<a S s1", "c<b S s2"], ["s1>s2:1"]],
    ["links a root server to the caller it names", ["a S server>client"], ["client>server:1"]],
    ["keeps a call of a service to itself", ["a S svc>svc"], ["svc>svc:1"]],
  ])("%s", (_name, spans, links) => {
    expect(linksOf(...spans)).toEqual(links);
  });

  test.each([
    ["skips a client with a child, though the child is local", ["a C app>db", "b<a - app"], []],
    ["takes a span without a kind for a call when it names both sides", ["a - app>db"], ["app>db:1"]],
    ["passes a span without a kind that names one side", ["a - app"], []],
    ["prefers the ancestor's name to the one a server names", ["a C web", "b<a S app>proxy"], ["web>app:1"]],
    ["gives a client without a name its ancestor's", ["a S web", "b<a C _>db"], ["web>db:1"]],
    ["counts no error of a client further up", ["a C web !", "b<a - _", "c<b S app"], ["web>app:1"]],
    ["skips a root server that names nobody", ["a S web"], []],
    ["skips a producer that names no broker", ["a P web", "b<a P web>kafka !"], ["web>kafka:1/1"]],
    ["takes later spans without a parent for children of the root", ["a S web", "b S app"], ["web>app:1"]],
    ["takes spans whose parent is missing for children of the root", ["a S web", "b<x S app"], ["web>app:1"]],
    ["marks a server under its client's id as shared", ["a C web>app", "a S app"], ["web>app:1"]],
    [
      "hangs children of a shared id under the server of their own service",
      ["a C web>app", "a S app s", "b<a C app>db", "c<a C web>cache"],
      ["app>db:1", "web>app:1", "web>cache:1"],
    ],
    ["joins reports of one span", ["a C web", "a C _>db !"], ["web>db:1/1"]],
    [
      "takes from either report what the other lacks",
      ["r S api", "a C _>db", "a<r C web"],
      ["api>web:1", "web>db:1"],
    ],
    ["follows no cycle", ["a<b S web", "b<a S app", "c S db>x"], ["x>db:1"]],
    ["takes a span that is its own parent for a root", ["a<a S web>user"], ["user>web:1"]],
  ])("%s", (_name, spans, links) => {
    expect(linksOf(...spans)).toEqual(links);
  });

  test("does not mind the order of arrival", () => {
    const names = fc.constantFrom("web", "app", "db", "_");
    const anySpan = fc
      .record({
        id: fc.constantFrom("a", "b", "c", "d", "e"),
        parent: fc.option(fc.constantFrom("a", "b", "c", "d", "e", "x"), { nil: undefined }),
        kind: fc.constantFrom("C", "S", "P", "N", "-"),
        local: names,
        remote: names,
        flags: fc.constantFrom("", "!", "s", "!s"),
      })
      .map(({ id, parent, kind, local, remote, flags }) =>
        spanFrom(`${id}${parent === undefined ? "" : `<${parent}`} ${kind} ${local}>${remote} ${flags}`),
      );
    fc.assert(
      fc.property(fc.array(anySpan, { maxLength: 10 }), fc.infiniteStream(fc.nat()), (spans, keys) => {
        expect(zipkinLinks(shuffled(spans, keys))).toEqual(zipkinLinks(spans));
      }),
      { numRuns: 1_000 },
    );
  });

  test("takes a chain 100,000 deep and 100,000 children of one span", () => {
    const count = 100_000;
    const id = (at: number) => at.toString(16).padStart(16, "0");
    const chain = Array.from({ length: count }, (_, at) => spanFrom(`${id(at)}<${id(at - 1)} - _`));
    const leaf = spanFrom(`ffffffffffffffff<${id(count - 1)} S app`);
    expect(told(zipkinLinks([spanFrom(`${id(0)} S web`), ...chain.slice(1), leaf]))).toEqual(["web>app:1"]);
    const flat = Array.from({ length: count }, (_, at) => spanFrom(`${id(at + 1)}<${id(0)} S app`));
    expect(told(zipkinLinks([spanFrom(`${id(0)} S web`), ...flat]))).toEqual([`web>app:${count}`]);
  });

  test("sums links of many traces", () => {
    const one = zipkinLinks(["a C web !", "b<a S app"].map(spanFrom));
    const other = zipkinLinks(["a C web", "b<a S app"].map(spanFrom));
    expect(told(mergeZipkinLinks([one, other, []]))).toEqual(["web>app:2/1"]);
  });
});

describe("spans of OpenTelemetry", () => {
  test("become Zipkin's: INTERNAL has no kind, callers name their peer, a failure is a tag", () => {
    const { spans } = buildTrace(
      "map",
      { id: "root", service: "web", kind: "SERVER", at: [0, 9] },
      { id: "work", parent: "root", service: "web", at: [0, 9] },
      {
        id: "query",
        parent: "work",
        service: "web",
        kind: "CLIENT",
        status: "ERROR",
        at: [1, 2],
        attributes: { "server.address": "postgres", "db.name": "shop" },
      },
      {
        id: "named",
        parent: "work",
        service: "web",
        kind: "CLIENT",
        at: [3, 4],
        attributes: { "db.name": "shop" },
      },
    );
    expect(told(zipkinLinks(spans.map(zipkinLinkSpan)))).toEqual(["web>postgres:1/1", "web>shop:1"]);
  });

  test.each([
    [true, true],
    ["timeout", true],
    ["", true],
    [false, false],
    ["false", false],
  ])("with an attribute error of %j have the tag: %j", (error, hasErrorTag) => {
    const span = buildSpan("error", { id: "call", kind: "CLIENT", at: [0, 1], attributes: { error } });
    expect(zipkinLinkSpan(span).hasErrorTag).toBe(hasErrorTag);
  });
});
