/** What `npm pack` makes is what people install: it works in an empty folder. */

import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../helpers/server-process.ts";

const run = promisify(execFile);
const folder = temporaryFolder();
const project = join(folder.path, "project");

beforeAll(async () => {
  await run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder.path]);
  const [tarball] = readdirSync(folder.path).filter((name) => name.endsWith(".tgz"));
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{"name":"consumer","private":true,"type":"module"}\n');
  await run(
    "npm",
    ["install", "--no-audit", "--no-fund", "--prefer-offline", join(folder.path, tarball as string)],
    {
      cwd: project,
    },
  );
});

afterAll(() => folder.remove());

describe("the packed package in an empty folder", () => {
  it("has no complaint from publint", async () => {
    const { messages } = await publint({ pkgDir: resolve("."), strict: true });
    expect(messages).toEqual([]);
  });

  it("ships the built program, the proto files and the papers, and no sources or tests", () => {
    const names = readdirSync(join(project, "node_modules/tracagg")).sort();
    expect(names).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "dist", "package.json", "proto"]);
    const built = readdirSync(join(project, "node_modules/tracagg/dist")).sort();
    expect(built).toEqual(["bench", "exporters", "src"]);
  });

  it("answers npx tracagg --version", async () => {
    const { stdout } = await run("npx", ["--no-install", "tracagg", "--version"], { cwd: project });
    expect(stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it("lets a program use the library", async () => {
    const script = 'import { createTraceId } from "tracagg"; console.log(createTraceId());';
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], { cwd: project });
    expect(stdout.trim()).toMatch(/^[0-9a-f]{32}$/);
  });

  it("lets a program start a server and stop it", async () => {
    const script = `
      import { startServer } from "tracagg/server";
      const server = await startServer();
      const response = await fetch(new URL("/readyz", server.ui));
      console.log(response.status);
      await server.stop();
    `;
    const env = {
      ...process.env,
      TRACAGG_PORT: "0",
      TRACAGG_OTLP_GRPC_PORT: "0",
      TRACAGG_OTLP_HTTP_PORT: "0",
      TRACAGG_DATA: join(folder.path, "data"),
    };
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
      cwd: project,
      env,
    });
    expect(stdout.trim()).toBe("200");
  });
});
