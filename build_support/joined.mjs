/**
 * Joins modules into one file each, with esbuild.
 *
 *   node joined.mjs WEB OUT ENTRY…       ENTRY: a module's path below WEB; OUT/ENTRY is made of it
 *
 * Prints, as JSON, the modules that went into each: {"workers/engine.js": ["workers/engine.js", "bridge/…"], …}.
 *
 * A module that is imported from vendor/, or is an ENTRY itself, stays a file of its own that is imported as before. What
 * is imported when it is first needed is in the file, and runs then. `import.meta.url` goes on saying where the module's
 * own source is, so that what it fetches is found.
 */

import { readFile } from "node:fs/promises";
import { dirname, join, posix, relative, resolve, sep } from "node:path";
import { build } from "esbuild";

const [web, out] = process.argv.slice(2, 4).map((path) => resolve(path));
const entries = process.argv.slice(4);

/** @param {string} path @returns {string} as a URL below the site's folder */
const urlOf = (path) => relative(web, path).split(sep).join("/");

/** @param {string} from @param {string} to URLs below the site's folder @returns {string} how a module at `from` names `to` */
function named(from, to) {
  const found = posix.relative(posix.dirname(from), to);
  return found.startsWith(".") ? found : `./${found}`;
}

/** @param {string} entry @returns {import("esbuild").Plugin} */
const places = (entry) => ({
  name: "places",
  setup(building) {
    building.onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir, kind }) => {
      const url = urlOf(resolve(resolveDir, path));
      if (kind === "entry-point" || url === entry) return undefined;
      return url.startsWith("vendor/") || entries.includes(url) ? { path: named(entry, url), external: true } : undefined;
    });
    building.onLoad({ filter: /\.js$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const own = `new URL(${JSON.stringify(named(entry, urlOf(path)))}, import.meta.url).href`;
      return { contents: urlOf(path) === entry ? source : source.replaceAll("import.meta.url", own) };
    });
  },
});

const joined = await Promise.all(entries.map(async (entry) => {
  const { metafile } = await build({
    absWorkingDir: web, entryPoints: [`./${entry}`], outfile: join(out, entry), plugins: [places(entry)], metafile: true,
    bundle: true, format: "esm", target: "esnext", charset: "utf8", legalComments: "none", logLevel: "error",
  });
  return [entry, Object.keys(metafile.inputs)];
}));
console.log(JSON.stringify(Object.fromEntries(joined)));
