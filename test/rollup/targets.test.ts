import { expect, it } from "vitest";
import { Targets } from "../../src/rollup/targets.ts";
import { batchOf } from "../helpers/otlp-fixture.ts";
import { buildSpan } from "../helpers/trace-builder.ts";

const batchFrom = (...pods: readonly string[]) =>
  batchOf(
    pods.map((pod) =>
      buildSpan("t", { id: pod, service: "shop", at: [0, 1], resourceAttributes: { "k8s.pod.name": pod } }),
    ),
  );

it("tells each resource once, however often it comes, and forgets it a quarter of an hour after it last came", () => {
  const targets = new Targets();
  targets.note(batchFrom("a", "b"), 1_000);
  targets.note(batchFrom("a"), 1_800);
  const pods = () => targets.labels.map((labels) => labels.at(-1));
  expect(targets.labels).toHaveLength(2);
  targets.tick(1_900);
  expect(pods()).toHaveLength(2);
  targets.tick(1_901);
  expect(pods()).toEqual([["k8s_pod_name", "a"]]);
});

it("makes labels of attributes: names that Prometheus takes, values of bounded length, no lists", () => {
  const targets = new Targets();
  const span = buildSpan("t", {
    id: "s",
    service: "shop",
    at: [0, 1],
    resourceAttributes: {
      "service.namespace": "eu",
      "service.instance.id": "i-1",
      "host.cpus": 4n,
      "1st.zone": "z",
      "a.b": "first",
      "a-b": "hyphen",
      tags: ["x"],
      long: "x".repeat(300),
      empty: "",
    },
  });
  targets.note(batchOf([span]), 0);
  expect(targets.labels).toEqual([
    [
      ["job", "eu/shop"],
      ["instance", "i-1"],
      ["_1st_zone", "z"],
      ["a_b", "hyphen"],
      ["host_cpus", "4"],
      ["long", "x".repeat(256)],
    ],
  ]);
});

it("holds 2,000 resources and counts what finds no room", () => {
  const targets = new Targets();
  targets.note(batchFrom(...Array.from({ length: 2_003 }, (_, at) => `pod-${at}`)), 0);
  expect([targets.labels.length, targets.leftOut]).toEqual([2_000, 3]);
});
