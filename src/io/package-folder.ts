/** Files that ship beside the code, found from the sources as well as from the build. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * A folder of this package, looked for from a module upwards to the folder that holds package.json.
 *
 * @param moduleUrl `import.meta.url` of the module that asks
 * @param name folder beside package.json, such as "proto"
 * @returns its absolute path, undefined when the package was installed without it
 */
export function packageFolder(moduleUrl: string, name: string): string | undefined {
  let folder = dirname(fileURLToPath(moduleUrl));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
  const found = join(folder, name);
  return existsSync(found) ? found : undefined;
}
