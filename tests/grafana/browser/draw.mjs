// Draws one dashboard in Chromium and prints what stands there as JSON. The only argument is a JSON object:
//   bundle      folder of page.js and page.css, see build.mjs
//   chromium    the browser's program
//   prometheus  its port on 127.0.0.1
//   dashboard   file of the dashboard
//   meters      values of $meter; empty for all
//   width       of the page, pixels
//   picture     where to write a PNG of the first screen; empty for none
//   height      of that first screen, pixels
//   whole       where to write a PNG of all of it; empty for none
import fs from 'node:fs';
import http from 'node:http';
import { chromium } from 'playwright-core';

const asked = JSON.parse(process.argv[2]);
const page_html = `<!doctype html><meta charset=utf-8><link rel=stylesheet href=/page.css>
<style>*{box-sizing:border-box} body{margin:0}</style><div id=root></div>
<script>window.ASKED = ${JSON.stringify({ meters: asked.meters })}</script><script type=module src=/page.js></script>`;
const files = {
  '/': ['text/html', page_html],
  '/page.js': ['text/javascript', fs.readFileSync(`${asked.bundle}/page.js`)],
  '/page.css': ['text/css', fs.readFileSync(`${asked.bundle}/page.css`)],
  '/dashboard.json': ['application/json', fs.readFileSync(asked.dashboard)],
};

function toPrometheus(request, response) {
  const to = { host: '127.0.0.1', port: asked.prometheus, path: request.url, method: request.method };
  const forwarded = http.request({ ...to, headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  forwarded.on('error', () => response.writeHead(502).end('{"status":"error","error":"Prometheus is gone"}'));
  request.pipe(forwarded);
}

const server = http.createServer((request, response) => {
  const found = files[request.url];
  if (found) response.writeHead(200, { 'Content-Type': found[0] }).end(found[1]);
  else if (request.url.startsWith('/api/v1/')) toPrometheus(request, response);
  else response.writeHead(404).end();
});
await new Promise((listens) => server.listen(0, '127.0.0.1', listens));

const browser = await chromium.launch({ executablePath: asked.chromium, args: ['--no-sandbox', '--disable-gpu'] });
try {
  const page = await browser.newPage({ viewport: { width: asked.width, height: asked.height } });
  const broken = [];
  page.on('pageerror', (error) => broken.push(String(error)));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForFunction('window.DRAWN === true', null, { timeout: 120_000 });
  if (asked.picture) await page.screenshot({ path: asked.picture });
  const height = await page.evaluate('document.getElementById("root").firstChild.offsetHeight');
  await page.setViewportSize({ width: asked.width, height }); // a table draws no cell that nobody can see
  await page.waitForTimeout(500);
  if (asked.whole) await page.screenshot({ path: asked.whole });
  const drawn = await page.evaluate('window.read()');
  console.log(JSON.stringify({ ...drawn, broken }));
} finally {
  await browser.close();
  server.close();
}
