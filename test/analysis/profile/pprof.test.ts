import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import protobuf from "protobufjs";
import { expect, it } from "vitest";
import { pprofBytes } from "../../../src/analysis/profile/pprof.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { checkout, profileOf } from "./profile-fixture.ts";

/** What of profile.proto is written. */
const PROFILE = protobuf
  .parse(`
    syntax = "proto3";
    message Profile {
      repeated ValueType sample_type = 1;
      repeated Sample sample = 2;
      repeated Location location = 4;
      repeated Function function = 5;
      repeated string string_table = 6;
      int64 time_nanos = 9;
      int64 duration_nanos = 10;
      int64 default_sample_type = 14;
    }
    message ValueType { int64 type = 1; int64 unit = 2; }
    message Sample { repeated uint64 location_id = 1; repeated int64 value = 2; }
    message Location { uint64 id = 1; repeated Line line = 4; }
    message Line { uint64 function_id = 1; }
    message Function { uint64 id = 1; int64 name = 2; int64 system_name = 3; int64 filename = 4; }
  `)
  .root.lookupType("Profile");

/** The first run of Go's pprof may have to build it. */
const GO_MILLIS = 300_000;

const profile = profileOf([
  checkout("one", { "pay/charge": 30, "stock/reserve": 60 }),
  checkout("two", { "pay/charge": 50 }),
]);

it("is a Profile message with spans and critical-path time of every call path, leaf first", () => {
  const bytes = pprofBytes(profile, {
    timeUnixNano: 1_700_000_000_000_000_000n,
    durationNanos: 60_000_000_000n,
  });
  const message = PROFILE.toObject(PROFILE.decode(bytes), { longs: Number });
  const text = (number: number): string => message["stringTable"][number];
  expect(message["stringTable"][0]).toBe("");
  const types = message["sampleType"] as { type: number; unit: number }[];
  expect(types.map(({ type, unit }) => [text(type), text(unit)])).toEqual([
    ["spans", "count"],
    ["critical_path", "nanoseconds"],
  ]);
  expect(text(message["defaultSampleType"])).toBe("critical_path");
  const functions = message["function"] as { id: number; name: number; filename: number }[];
  const locations = message["location"] as { id: number; line: { functionId: number }[] }[];
  const nameOf = (location: number): string => {
    const id = locations.find((each) => each.id === location)?.line[0]?.functionId;
    return text(functions.find((each) => each.id === id)!.name);
  };
  const samples = message["sample"] as { locationId: number[]; value: number[] }[];
  expect(samples.map(({ locationId, value }) => [locationId.map(nameOf), value])).toEqual([
    [["shop: checkout [server]"], [2, 20e6]],
    [
      ["pay: charge", "shop: checkout [server]"],
      [2, 80e6],
    ],
    [
      ["stock: reserve", "shop: checkout [server]"],
      [1, 60e6],
    ],
  ]);
  expect(functions.map(({ filename }) => text(filename))).toEqual(["shop", "pay", "stock"]);
  expect([message["timeNanos"], message["durationNanos"]]).toEqual([1.7e18, 60e9]);
});

it("opens in Go's pprof, which ranks by critical-path time", { timeout: GO_MILLIS }, ({ skip }) => {
  if (spawnSync("go", ["version"]).status !== 0) skip("no Go here: go tool pprof cannot be tried");
  const file = join(temporaryFolder(), "profile.pb.gz");
  writeFileSync(file, gzipSync(pprofBytes(profile)));
  const { status, stdout, stderr } = spawnSync("go", ["tool", "pprof", "-top", file], { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, expect.any(String)]);
  expect(stdout).toContain("Type: critical_path");
  const rows = stdout.slice(stdout.indexOf("flat%")).split("\n").slice(1, 4);
  expect(rows.map((row) => row.trim().split(/\s+/))).toMatchObject([
    ["80ms", "50.00%", "50.00%", "80ms", "50.00%", "pay:", "charge"],
    ["60ms", "37.50%", "87.50%", "60ms", "37.50%", "stock:", "reserve"],
    ["20ms", "12.50%", "100%", "160ms", "100%", "shop:", "checkout", "[server]"],
  ]);
});
