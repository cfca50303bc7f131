import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { VERSION } from "../../src/version.ts";

const rooms = JSON.parse(readFileSync("rooms.json", "utf8")) as Record<string, string[]>;
const architecture = readFileSync("ARCHITECTURE.md", "utf8");

function tableRow(room: string): string[] | undefined {
  const line = architecture.split("\n").find((text) => text.startsWith(`| ${room} |`));
  const cell = line?.split("|")[3]?.trim();
  return cell === undefined ? undefined : cell.split(", ").filter((name) => name !== "");
}

describe("ARCHITECTURE.md", () => {
  it.each(Object.keys(rooms))("says what room %s may import, as the rules have it", (room) => {
    expect(tableRow(room)).toEqual(rooms[room]);
  });

  it("has a rule for every folder of src but the command line", () => {
    const folders = readdirSync("src", { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== "cli")
      .map((entry) => entry.name);
    expect(Object.keys(rooms)).toEqual(expect.arrayContaining(folders));
  });
});

describe("the version", () => {
  it("is the same in code and package.json", () => {
    expect(VERSION).toBe((JSON.parse(readFileSync("package.json", "utf8")) as { version: string }).version);
  });
});
