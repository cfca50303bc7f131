/** Zipkin's page as it is released: out of the server's jar, which Maven fetches. */

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { promisify } from "node:util";
import { zipEntries } from "./zip-entries.ts";

/** The smaller of the two archives of a release. */
const ARTIFACT = "io.zipkin:zipkin-server:3.6.1:jar:slim";
const PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";
const FETCH_MILLIS = 150_000;
const ASSETS = "zipkin-lens/";
const CHROMIUM_PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Something that tests need and a machine may not have. */
export type Available = { readonly path: string } | { readonly missing: string };

/** The browser, from the packages of the system. */
export function chromium(): Available {
  const path = CHROMIUM_PATHS.find((each) => existsSync(each));
  return path === undefined ? { missing: `Chromium at ${CHROMIUM_PATHS.join(" or ")}` } : { path };
}

/** Puts the built page into `folder`; the path is that of its `index.html`'s folder. */
export async function zipkinLens(folder: string): Promise<Available> {
  const jars = join(folder, "jars");
  try {
    const fetched = [`-Dartifact=${ARTIFACT}`, `-DoutputDirectory=${jars}`];
    const options = { cwd: folder, timeout: FETCH_MILLIS };
    await promisify(execFile)("mvn", ["-q", "-B", `${PLUGIN}:copy`, ...fetched], options);
  } catch (error) {
    return { missing: `Maven, and ${ARTIFACT} by it (${String(error).split("\n")[0]})` };
  }
  const [jar = ""] = readdirSync(jars);
  const inner = zipEntries(readFileSync(join(jars, jar))).find(({ name }) =>
    /\/zipkin-lens-[^/]+\.jar$/.test(name),
  );
  if (inner === undefined) throw new Error(`${jar} holds no zipkin-lens`);
  for (const { name, content } of zipEntries(inner.content())) {
    const path = normalize(name);
    if (!path.startsWith(ASSETS)) continue;
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), content());
  }
  return { path: join(folder, ASSETS) };
}
