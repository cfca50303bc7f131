/**
 * The import table of ARCHITECTURE.md, as rules. rooms.json is the one source: a room may import itself and what its
 * row lists. `store/ports` stands for the port files of src/store, `x/y` for the one file src/x/y.ts.
 * src/server.ts, src/cli and src/index.ts compose and may import anything, so they have no row.
 */
const rooms = require("./rooms.json");

const STORE_PORTS =
  "^src/store/(span-writer|trace-reader|catalogue|attribute-catalogue|trace-statistics|trace-store|rollup-store)\\.ts$";

const folderOf = (room) => (room === "exporters" ? "^exporters/" : `^src/${room}/`);

const patternOf = (name) => {
  if (name === "store/ports") return STORE_PORTS;
  if (name.includes("/")) return `^src/${name}\\.ts$`;
  return folderOf(name);
};

const RUNTIME_NEUTRAL = "^src/(base|model|analysis|library|filter|traceql|batch|codec)/";

module.exports = {
  forbidden: [
    { name: "no-circular", severity: "error", from: {}, to: { circular: true } },
    {
      name: "runtime-neutral",
      comment: "these rooms run in a browser too",
      severity: "error",
      from: { path: RUNTIME_NEUTRAL },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "not-to-dev",
      comment: "what ships must not need a development dependency",
      severity: "error",
      from: { path: "^(src|exporters)/" },
      to: { dependencyTypes: ["npm-dev"] },
    },
    {
      name: "no-orphan-room",
      comment: "every folder of src has a row in rooms.json",
      severity: "error",
      from: {
        path: "^src/[^/]+/",
        pathNot: [...Object.keys(rooms).map(folderOf), "^src/cli/"],
      },
      to: {},
    },
    ...Object.entries(rooms).map(([room, allowed]) => ({
      name: `imports-of-${room}`,
      comment: `src/${room} may import: ${allowed.join(", ") || "nothing"}`,
      severity: "error",
      from: { path: folderOf(room) },
      to: {
        path: "^(src|exporters)/",
        pathNot: [folderOf(room), ...allowed.map(patternOf), "^src/[^/]+/registry\\.ts$"].filter(
          (pattern) => room === "config" || pattern !== "^src/[^/]+/registry\\.ts$",
        ),
      },
    })),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "types", "default"] },
  },
};
