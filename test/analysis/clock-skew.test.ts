import { describe, expect, test } from "vitest";
import type { ClockSkewOptions } from "../../src/analysis/clock-skew.ts";
import { clockSkew, correctClockSkew } from "../../src/analysis/clock-skew.ts";
import { networkGaps } from "../../src/analysis/network-gap.ts";
import { hostKeyOf } from "../../src/model/host-key.ts";
import type { SpanSketch } from "../helpers/trace-builder.ts";
import { BUILDER_START_UNIX_NANO, buildTrace } from "../helpers/trace-builder.ts";

const MILLI = 1_000_000n;

/** A span of the host that its service names; a service without a name has no host. */
function on(host: string, sketch: SpanSketch): SpanSketch {
  return { ...sketch, service: host, resourceAttributes: host === "" ? {} : { "host.name": host } };
}

function offsets(sketches: readonly SpanSketch[], options?: ClockSkewOptions): Record<string, number> {
  const { hosts } = clockSkew(buildTrace("skew", ...sketches), options);
  return Object.fromEntries(
    hosts.map(({ host, offsetNanos }) => [host.replace("host.name=", ""), Number(offsetNanos) / 1e6]),
  );
}

const CALL = on("web", { id: "call", kind: "CLIENT", at: [0, 100] });

describe("the offset of a host", () => {
  test("is 0 when its spans lie inside their parents", () => {
    expect(offsets([CALL, on("app", { id: "serve", parent: "call", kind: "SERVER", at: [0, 100] })])).toEqual(
      {
        app: 0,
        web: 0,
      },
    );
  });

  test("is the smallest that puts an early span back into its parent", () => {
    expect(
      offsets([CALL, on("app", { id: "serve", parent: "call", kind: "SERVER", at: [-30, 20] })]),
    ).toEqual({
      app: 30,
      web: 0,
    });
  });

  test("is the smallest that puts a late span back into its parent, also one that starts in range", () => {
    expect(
      offsets([CALL, on("app", { id: "serve", parent: "call", kind: "SERVER", at: [70, 130] })]),
    ).toEqual({
      app: -30,
      web: 0,
    });
  });

  // The first alone would be content with 20, the second asks for 40 to 60.
  test("is one for all spans of the host: where all their windows meet", () => {
    expect(
      offsets([
        CALL,
        on("app", { id: "first", parent: "call", kind: "SERVER", at: [-20, 30] }),
        on("app", { id: "second", parent: "call", kind: "SERVER", at: [-40, 40] }),
      ]),
    ).toEqual({ app: 40, web: 0 });
  });

  test("holds for children of the host too, and is handed on to hosts further down", () => {
    expect(
      offsets([
        CALL,
        on("app", { id: "serve", parent: "call", kind: "SERVER", at: [200, 280] }),
        on("app", { id: "query", parent: "serve", kind: "CLIENT", at: [210, 220] }),
        on("db", { id: "run", parent: "query", kind: "SERVER", at: [211, 219] }),
      ]),
    ).toEqual({ app: -180, db: -179, web: 0 });
  });

  test("is what most pairs say when they contradict each other, and the host is flagged", () => {
    const trace = buildTrace(
      "conflict",
      CALL,
      on("app", { id: "early", parent: "call", kind: "SERVER", at: [-50, 45] }),
      on("app", { id: "early-too", parent: "call", kind: "SERVER", at: [-50, 44] }),
      on("app", { id: "fine", parent: "call", kind: "SERVER", at: [10, 95] }),
    );
    const skew = clockSkew(trace);
    expect(skew).toMatchObject({ impossiblePairsBefore: 2, impossiblePairsAfter: 1 });
    expect(skew.hosts[0]).toEqual({
      host: "host.name=app",
      offsetNanos: 50n * MILLI,
      spanCount: 3,
      pairCount: 3,
      impossiblePairs: 1,
      skewConflict: true,
      isBeyondLimit: false,
    });
  });

  test("is not turned by children that cannot lie inside their parents, however many", () => {
    const longer = [10, 30].flatMap((from) => [
      on("web", { id: `short${from}`, parent: "call", kind: "CLIENT", at: [from, from + 10] }),
      on("app", { id: `long${from}`, parent: `short${from}`, kind: "SERVER", at: [from - 5, from + 50] }),
    ]);
    const exact = on("app", { id: "exact", parent: "call", kind: "SERVER", at: [0, 100] });
    const late = on("mail", { id: "late", parent: "call", kind: "SERVER", at: [50, 120] });
    expect(offsets([CALL, late, exact, ...longer])).toEqual({ app: 0, mail: -20, web: 0 });
    expect(offsets([CALL, late, ...longer])).toEqual({ app: 5, mail: -20, web: 0 });
  });

  // With app set by web, two of the four calls of db would contradict, where one contradicts now.
  test("is 0 for all hosts when setting one by one would make it worse, and those concerned are flagged", () => {
    const request = on("web", { id: "call", kind: "CLIENT", at: [0, 1_000] });
    const serve = on("app", { id: "serve", parent: "call", kind: "SERVER", at: [-50, 950] });
    const queries = ["web", "app"].flatMap((caller) =>
      [100, 300].flatMap((from) => {
        const id = `${caller}${from}`;
        const at = [from, from + 100] as const;
        const parent = caller === "web" ? "call" : "serve";
        return [
          on(caller, { id, parent, kind: "CLIENT", at }),
          on("db", { id: `db-${id}`, parent: id, kind: "SERVER", at }),
        ];
      }),
    );
    const skew = clockSkew(buildTrace("worse", request, serve, ...queries));
    expect(skew).toMatchObject({ impossiblePairsBefore: 1, impossiblePairsAfter: 1 });
    expect(skew.hosts.map(({ offsetNanos, skewConflict }) => [offsetNanos, skewConflict])).toEqual([
      [0n, true],
      [0n, false],
      [0n, true],
    ]);
  });

  test("stays 0 when it would be larger than allowed", () => {
    const sketches = [CALL, on("app", { id: "serve", parent: "call", kind: "SERVER", at: [500, 580] })];
    expect(offsets(sketches, { maxOffsetNanos: 480n * MILLI })).toEqual({ app: -480, web: 0 });
    const { hosts } = clockSkew(buildTrace("far", ...sketches), { maxOffsetNanos: 479n * MILLI });
    expect(hosts[0]).toMatchObject({ offsetNanos: 0n, isBeyondLimit: true, skewConflict: true });
    expect(() => clockSkew(buildTrace("far", ...sketches), { maxOffsetNanos: -1n })).toThrow(/at least 0/);
  });
});

describe("pairs", () => {
  test("of a caller that gave up waiting only have to start inside", () => {
    expect(
      offsets([CALL, on("app", { id: "serve", parent: "call", kind: "SERVER", at: [10, 500] })]),
    ).toEqual({
      app: 0,
      web: 0,
    });
    expect(
      offsets([CALL, on("app", { id: "serve", parent: "call", kind: "SERVER", at: [-10, 500] })]),
    ).toEqual({
      app: 10,
      web: 0,
    });
  });

  test("of a message only have to be received after it was sent", () => {
    const send = on("web", { id: "send", kind: "PRODUCER", at: [0, 5] });
    expect(
      offsets([send, on("mail", { id: "receive", parent: "send", kind: "CONSUMER", at: [900, 901] })]),
    ).toEqual({ mail: 0, web: 0 });
    expect(
      offsets([send, on("mail", { id: "receive", parent: "send", kind: "CONSUMER", at: [-3, 9] })]),
    ).toEqual({ mail: 3, web: 0 });
  });

  test("with spans that name no host count, and those spans stay", () => {
    expect(
      offsets([
        CALL,
        on("", { id: "proxy", parent: "call", kind: "SERVER", at: [10, 90] }),
        on("app", { id: "serve", parent: "proxy", kind: "SERVER", at: [5, 85] }),
      ]),
    ).toEqual({ "": 0, app: 5, web: 0 });
  });

  // The tree is cut above web, the earliest; without that pair 150 would do.
  test("of a cycle count all the same", () => {
    expect(
      offsets([
        on("web", { id: "one", parent: "other", at: [0, 100] }),
        on("app", { id: "other", parent: "one", at: [200, 250] }),
      ]),
    ).toEqual({ app: 0, web: 200 });
  });

  test("of an id that two hosts use say nothing", () => {
    expect(
      offsets([
        CALL,
        on("app", { id: "twice", parent: "call", at: [-50, 20] }),
        on("db", { id: "twice", parent: "call", at: [-50, 20] }),
        on("cache", { id: "below", parent: "twice", at: [300, 310] }),
      ]),
    ).toEqual({ app: 0, cache: 0, db: 0, web: 0 });
  });
});

describe("a host is told by", () => {
  test.each([
    [{ "host.id": "i-1", "host.name": "a" }, "host.id=i-1"],
    [{ "host.name": "a", "k8s.pod.name": "p" }, "host.name=a"],
    [{ "host.id": "", "k8s.node.name": "n", "k8s.pod.uid": "u" }, "k8s.node.name=n"],
    [{ "host.id": 7n, "service.instance.id": "s" }, "service.instance.id=s"],
    [{ "service.name": "shop" }, ""],
  ])("the best attribute of %o", (attributes, key) => {
    expect(hostKeyOf(attributes)).toBe(key);
  });
});

test("corrected spans move with their events and keep the span as it was beside them", () => {
  const sketch = on("app", {
    id: "serve",
    parent: "call",
    kind: "SERVER",
    at: [-30, 20],
    events: [
      {
        name: "read",
        timeUnixNano: BUILDER_START_UNIX_NANO - 10n * MILLI,
        attributes: {},
        droppedAttributesCount: 0,
      },
    ],
  });
  const { spans } = buildTrace("moved", CALL, sketch);
  const [serve, call] = correctClockSkew(spans, clockSkew({ spans }));
  expect(call).toEqual({ original: spans[1], span: spans[1], offsetNanos: 0n });
  expect(call?.span).toBe(spans[1]);
  expect(serve).toMatchObject({ original: spans[0], offsetNanos: 30n * MILLI });
  expect(serve?.span).toEqual({
    ...spans[0],
    startTime: "2023-11-14T22:13:20.000000000Z",
    endTime: "2023-11-14T22:13:20.050000000Z",
    startTimeUnixNano: BUILDER_START_UNIX_NANO,
    endTimeUnixNano: BUILDER_START_UNIX_NANO + 50n * MILLI,
    events: [{ ...spans[0]?.events[0], timeUnixNano: BUILDER_START_UNIX_NANO + 20n * MILLI }],
  });
  expect(spans[0]?.startTimeUnixNano).toBe(BUILDER_START_UNIX_NANO - 30n * MILLI);
});

test("no time is moved before 1970", () => {
  const early = (nanos: bigint) => ({
    startTimeUnixNano: nanos,
    endTimeUnixNano: nanos + (nanos === 0n ? 9n : 5n),
  });
  const spans = buildTrace(
    "1970",
    on("web", { id: "call", at: [0, 1] }),
    on("app", { id: "serve", parent: "call", at: [0, 1] }),
  ).spans.map((span) => ({ ...span, ...early(span.serviceName === "web" ? 0n : 100n) }));
  const late = buildTrace("1970", on("app", { id: "other", at: [0, 1] })).spans.map((span) => ({
    ...span,
    ...early(10n),
  }));
  const [app] = clockSkew({ spans: [...spans, ...late] }).hosts;
  expect(app).toMatchObject({ host: "host.name=app", offsetNanos: 0n, isBeyondLimit: true });
});

describe("the network gap", () => {
  function gaps(...sketches: readonly SpanSketch[]): unknown[] {
    return networkGaps(buildTrace("gap", ...sketches)).map(
      ({ client, serverCount, gapNanos, clampedNanos }) => [
        client.name,
        serverCount,
        Number(gapNanos / MILLI),
        Number(clampedNanos / MILLI),
      ],
    );
  }

  test("is the client's duration less its server's, wherever the server's clock puts it", () => {
    expect(gaps(CALL, on("app", { id: "serve", parent: "call", kind: "SERVER", at: [900, 970] }))).toEqual([
      ["call", 1, 30, 0],
    ]);
  });

  test("unites servers of one host, adds up those of several, and is never negative", () => {
    expect(
      gaps(
        CALL,
        on("app", { id: "one", parent: "call", kind: "SERVER", at: [0, 40] }),
        on("app", { id: "two", parent: "call", kind: "SERVER", at: [30, 50] }),
        on("other", { id: "three", parent: "call", kind: "SERVER", at: [35, 45] }),
      ),
    ).toEqual([["call", 3, 40, 0]]);
    expect(gaps(CALL, on("app", { id: "serve", parent: "call", kind: "SERVER", at: [0, 130] }))).toEqual([
      ["call", 1, 0, 30],
    ]);
  });

  test("is told of no call without a server", () => {
    expect(gaps(CALL, on("app", { id: "local", parent: "call", at: [0, 30] }))).toEqual([]);
  });
});
