import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DependencyLink } from "../../src/analysis/dependency-links.ts";
import { dependencyLinks, mergeDependencyLinks } from "../../src/analysis/dependency-links.ts";
import type { Span } from "../../src/model/span.ts";
import type { SpanSketch } from "../helpers/trace-builder.ts";
import { buildTrace } from "../helpers/trace-builder.ts";

/** `from > to type calls/errors` for each link. */
function linksOf(...sketches: SpanSketch[]): string[] {
  return dependencyLinks(buildTrace("links", ...sketches).spans).map(describeLink);
}

function describeLink(link: DependencyLink): string {
  return `${link.fromService} > ${link.toService} ${link.type} ${link.callCount}/${link.errorCount}`;
}

const server = (id: string, service: string, parent?: string): SpanSketch => ({
  id,
  service,
  kind: "SERVER",
  at: [0, 10],
  ...(parent === undefined ? {} : { parent }),
});
const client = (id: string, service: string, parent: string): SpanSketch => ({
  ...server(id, service, parent),
  kind: "CLIENT",
});
const internal = (id: string, service: string, parent: string): SpanSketch => ({
  ...server(id, service, parent),
  kind: "INTERNAL",
});

describe("calls", () => {
  test("a CLIENT and the SERVER under it are one call", () => {
    expect(linksOf(server("r", "web"), client("c", "web", "r"), server("s", "api", "c"))).toEqual([
      "web > api rpc 1/0",
    ]);
  });

  test("every SERVER child of one CLIENT is a call, as retries make them", () => {
    expect(
      linksOf(
        server("r", "web"),
        client("c", "web", "r"),
        { ...server("s1", "api", "c"), status: "ERROR" },
        server("s2", "api", "c"),
      ),
    ).toEqual(["web > api rpc 2/1"]);
  });

  test("an error of the CLIENT alone, a timeout say, counts as an error of the call", () => {
    expect(
      linksOf(server("r", "web"), { ...client("c", "web", "r"), status: "ERROR" }, server("s", "api", "c")),
    ).toEqual(["web > api rpc 1/1"]);
  });

  test("INTERNAL spans on either side are bridged and the call is counted once", () => {
    const expected = ["web > api rpc 1/0"];
    expect(
      linksOf(
        server("r", "web"),
        client("c", "web", "r"),
        internal("i", "web", "c"),
        internal("j", "api", "i"),
        internal("k", "api", "j"),
        server("s", "api", "k"),
      ),
    ).toEqual(expected);
    expect(linksOf(server("r", "web"), internal("i", "web", "r"), server("s", "api", "i"))).toEqual(expected);
  });

  test("without CLIENT spans a change of service from parent to child is the call", () => {
    expect(
      linksOf(
        server("gateway", "api-gateway"),
        internal("auth", "auth-service", "gateway"),
        server("order", "order-service", "gateway"),
        client("payment", "payment-service", "order"),
      ),
    ).toEqual([
      "api-gateway > auth-service rpc 1/0",
      "api-gateway > order-service rpc 1/0",
      "order-service > payment-service rpc 1/0",
    ]);
  });

  test("an erring parent is not an error of the call it makes without a CLIENT span", () => {
    expect(linksOf({ ...server("r", "web"), status: "ERROR" }, server("s", "api", "r"))).toEqual([
      "web > api rpc 1/0",
    ]);
  });

  test("a service that calls itself through a CLIENT and a SERVER is kept, SERVER under SERVER is not", () => {
    expect(linksOf(server("r", "web"), client("c", "web", "r"), server("s", "web", "c"))).toEqual([
      "web > web rpc 1/0",
    ]);
    expect(linksOf(server("r", "web"), server("s", "web", "r"))).toEqual([]);
  });

  test("a service of INTERNAL spans between two others is a link of the chain", () => {
    expect(linksOf(server("r", "web"), internal("m", "middle", "r"), server("s", "api", "m"))).toEqual([
      "middle > api rpc 1/0",
      "web > middle rpc 1/0",
    ]);
  });

  test("nested CLIENT spans of one call do not add a peer to the call that is answered", () => {
    expect(
      linksOf(
        server("r", "web"),
        { ...client("grpc", "web", "r"), attributes: { "server.address": "api" } },
        { ...client("http", "web", "grpc"), attributes: { "server.address": "10.0.0.7" } },
        server("s", "api", "http"),
      ),
    ).toEqual(["web > api rpc 1/0"]);
  });
});

describe("peers that send no spans", () => {
  const leaf = (attributes: SpanSketch["attributes"]): string[] =>
    linksOf(server("r", "web"), { ...client("c", "web", "r"), attributes: attributes ?? {} });

  test.each([
    [{ "db.system.name": "postgresql", "db.namespace": "shop" }, "web > shop database 1/0"],
    [{ "db.system": "mysql", "db.name": "old" }, "web > old database 1/0"],
    [{ "db.system": "mysql", "db.name": "old", "db.namespace": "new" }, "web > new database 1/0"],
    [{ "db.system": "postgresql", "server.address": "pg" }, "web > postgresql database 1/0"],
    [{ "db.system": "redis", "db.namespace": "0" }, "web > redis database 1/0"],
    [{ "service.peer.name": "new", "peer.service": "old" }, "web > new virtual_node 1/0"],
    [{ "peer.service": "old", "server.address": "host" }, "web > old virtual_node 1/0"],
    [{ "server.address": "host", "net.peer.name": "older" }, "web > host virtual_node 1/0"],
    [{ "net.peer.name": "older" }, "web > older virtual_node 1/0"],
    [{ "messaging.system": "kafka", "messaging.operation.type": "send" }, "web > kafka messaging 1/0"],
  ])("%j gives %s", (attributes, expected) => {
    expect(leaf(attributes)).toEqual([expected]);
  });

  test("a CLIENT that names nobody gives no link, and neither does an empty name", () => {
    expect(leaf({})).toEqual([]);
    expect(leaf({ "peer.service": "" })).toEqual([]);
  });

  test("a database call over an HTTP client is one call, to the database", () => {
    expect(
      linksOf(
        server("r", "web"),
        { ...client("d", "web", "r"), attributes: { "db.system.name": "aws.dynamodb" } },
        internal("i", "web", "d"),
        { ...client("h", "web", "i"), attributes: { "server.address": "dynamodb.example" } },
      ),
    ).toEqual(["web > aws.dynamodb database 1/0"]);
  });

  test("of nested database clients only the inner one counts", () => {
    const attributes = { "db.system": "postgresql" };
    expect(
      linksOf(
        server("r", "web"),
        { ...client("orm", "web", "r"), attributes },
        { ...client("pg", "web", "orm"), attributes, status: "ERROR" },
      ),
    ).toEqual(["web > postgresql database 1/1"]);
  });

  test("an instrumented database answers for itself", () => {
    expect(
      linksOf({ ...client("c", "web", "gone"), attributes: { "db.system": "x" } }, server("s", "x-db", "c")),
    ).toEqual(["web > x-db rpc 1/0"]);
  });
});

describe("messages", () => {
  const kafka = { "messaging.system": "kafka", "messaging.destination.name": "orders" };
  const producer: SpanSketch = {
    id: "p",
    service: "checkout",
    kind: "PRODUCER",
    at: [0, 1],
    attributes: kafka,
  };
  const consumer: SpanSketch = {
    id: "q",
    service: "billing",
    kind: "CONSUMER",
    at: [5, 6],
    attributes: kafka,
  };

  test("the destination stands between a PRODUCER and its CONSUMER child", () => {
    const expected = ["checkout > kafka:orders messaging 1/0", "kafka:orders > billing messaging 1/0"];
    expect(linksOf(producer, { ...consumer, parent: "p" })).toEqual(expected);
    expect(linksOf(producer, internal("i", "billing", "p"), { ...consumer, parent: "i" })).toEqual(expected);
  });

  test("a CONSUMER that follows by link counts once per linked span", () => {
    expect(linksOf(producer, { ...consumer, links: ["p", "other/p1", "other/p2"] })).toEqual([
      "checkout > kafka:orders messaging 1/0",
      "kafka:orders > billing messaging 3/0",
    ]);
  });

  test("parent and link to the same PRODUCER are one message", () => {
    expect(linksOf(producer, { ...consumer, parent: "p", links: ["p"] })).toEqual([
      "checkout > kafka:orders messaging 1/0",
      "kafka:orders > billing messaging 1/0",
    ]);
  });

  test("a CONSUMER alone in its trace is called by its destination", () => {
    expect(linksOf({ ...consumer, links: ["other/p"], status: "ERROR" })).toEqual([
      "kafka:orders > billing messaging 1/1",
    ]);
    expect(linksOf({ ...consumer, attributes: { "messaging.destination": "old" } })).toEqual([
      "old > billing messaging 1/0",
    ]);
  });

  test("a CONSUMER that names no destination takes the PRODUCER's", () => {
    expect(
      linksOf(producer, { ...consumer, parent: "p", attributes: { "messaging.system": "kafka" } }),
    ).toEqual(["checkout > kafka:orders messaging 1/0", "kafka:orders > billing messaging 1/0"]);
  });

  test("without any destination the services are linked directly", () => {
    expect(linksOf({ ...producer, attributes: {} }, { ...consumer, attributes: {}, parent: "p" })).toEqual([
      "checkout > billing messaging 1/0",
    ]);
  });

  test("a CONSUMER that only links to spans elsewhere is called by an unnamed broker", () => {
    expect(linksOf({ ...consumer, attributes: {}, links: ["other/p"] })).toEqual([
      "messaging > billing messaging 1/0",
    ]);
  });

  test("processing under receiving is one consumption", () => {
    expect(linksOf(consumer, { ...consumer, id: "process", parent: "q" })).toEqual([
      "kafka:orders > billing messaging 1/0",
    ]);
  });

  test("two consumers of what a SERVER span sent make one sending", () => {
    expect(
      linksOf(
        server("r", "web"),
        { ...consumer, parent: "r" },
        { ...consumer, id: "q2", service: "mail", parent: "r" },
      ),
    ).toEqual([
      "kafka:orders > billing messaging 1/0",
      "kafka:orders > mail messaging 1/0",
      "web > kafka:orders messaging 1/0",
    ]);
  });
});

describe("odd traces", () => {
  test("a span that is its own parent, a cycle, and an orphan give the links they can", () => {
    expect(
      linksOf(
        server("self", "web", "self"),
        client("c1", "web", "s1"),
        server("s1", "api", "c1"),
        server("o", "db", "gone"),
      ),
    ).toHaveLength(1);
  });

  test("a chain of 100,000 calls is counted without overflow", () => {
    const sketches: SpanSketch[] = [];
    for (let index = 0; index < 100_000; index++) {
      const make = index % 2 === 0 ? server : client;
      sketches.push(make(String(index), `s${(index >> 1) % 3}`, String(index - 1)));
    }
    const calls = dependencyLinks(buildTrace("deep", ...sketches).spans);
    expect(calls.reduce((sum, link) => sum + link.callCount, 0)).toBeGreaterThan(49_990);
  });

  const anySketches = fc.array(
    fc.record({
      id: fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h"),
      parent: fc.constantFrom("a", "b", "c", "d", "e", "gone"),
      service: fc.constantFrom("x", "y"),
      kind: fc.constantFrom("SERVER", "CLIENT", "INTERNAL", "PRODUCER", "CONSUMER"),
      status: fc.constantFrom("ERROR", "UNSET"),
      at: fc.tuple(fc.nat(3), fc.nat(3)),
      attributes: fc.constantFrom(
        {},
        { "db.system": "pg" },
        { "peer.service": "p" },
        { "messaging.system": "k" },
      ),
      links: fc.array(fc.constantFrom("a", "b", "other/z"), { maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 12 },
  );

  const wholeText = (span: Span): string =>
    JSON.stringify(span, (_key, value) => (typeof value === "bigint" ? String(value) : value));
  const textWithoutAttributes = (span: Span): string => wholeText({ ...span, attributes: {}, links: [] });

  test("neither the order of arrival nor duplicates change the links", () => {
    fc.assert(
      fc.property(anySketches, fc.infiniteStream(fc.nat()), (sketches, keys) => {
        const { spans } = buildTrace("any", ...(sketches as SpanSketch[]));
        // Spans that differ in attributes alone count as one, and it is not said which.
        fc.pre(new Set(spans.map(textWithoutAttributes)).size === new Set(spans.map(wholeText)).size);
        const shuffled = [...spans, ...spans.slice(0, 3)]
          .map((span) => ({ span, key: keys.next().value as number }))
          .sort((left, right) => left.key - right.key)
          .map((entry) => entry.span);
        expect(dependencyLinks(shuffled)).toEqual(dependencyLinks(spans));
      }),
    );
  });

  test("every SERVER under a CLIENT is exactly one call", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(9), fc.boolean()), { minLength: 1, maxLength: 30 }), (calls) => {
        const sketches = [server("root", "a"), client("c0", "a", "root")];
        for (const [index, [caller, withInternal]] of calls.entries()) {
          const parent = `c${caller % (index + 1)}`;
          if (withInternal) sketches.push(internal(`i${index}`, `b${index}`, parent));
          sketches.push(server(`s${index}`, `b${index}`, withInternal ? `i${index}` : parent));
          sketches.push(client(`c${index + 1}`, `b${index}`, `s${index}`));
        }
        const links = dependencyLinks(buildTrace("tree", ...sketches).spans);
        expect(links.reduce((sum, link) => sum + link.callCount, 0)).toBe(calls.length);
      }),
    );
  });

  test("links of several traces sum by both ends and type, in any grouping", () => {
    const one = dependencyLinks(buildTrace("1", server("r", "web"), server("s", "api", "r")).spans);
    const two = dependencyLinks(buildTrace("2", server("r", "app"), server("s", "api", "r")).spans);
    expect(mergeDependencyLinks([one, two, one]).map(describeLink)).toEqual([
      "app > api rpc 1/0",
      "web > api rpc 2/0",
    ]);
    expect(mergeDependencyLinks([one, mergeDependencyLinks([two, one])])).toEqual(
      mergeDependencyLinks([mergeDependencyLinks([one, two]), one]),
    );
  });
});
