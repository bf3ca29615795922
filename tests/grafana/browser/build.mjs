// Bundles page/ with Grafana's packages into the folder that the only argument names.
import { build } from 'esbuild';

const asData = Object.fromEntries(['svg', 'png', 'gif', 'woff', 'woff2', 'ttf'].map((kind) => [`.${kind}`, 'dataurl']));

await build({
  entryPoints: ['page/main.jsx'],
  outfile: `${process.argv[2]}/page.js`,
  bundle: true,
  format: 'esm',
  loader: asData,
  conditions: ['browser', 'import', 'module'],
  mainFields: ['browser', 'module', 'main'],
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  logLevel: 'error',
});
