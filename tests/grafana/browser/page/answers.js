// From a panel's queries to Grafana's data frames, as Grafana's Prometheus data source makes them.
import { FieldType } from '@grafana/data';

const SCRAPE_S = 5;
const STEPS_S = [5, 10, 15, 20, 30, 60, 120, 300];
export const RANGE_S = 1800;
export const NOW_S = Math.floor(Date.now() / 1000);

export const failed = [];

function fill(expr, stepS, meters) {
  const meter = meters.length > 1 ? `(${meters.join('|')})` : (meters[0] ?? '.*');
  return expr
    .replaceAll('$__rate_interval', `${Math.max(stepS + SCRAPE_S, 4 * SCRAPE_S)}s`)
    .replaceAll('$__range', `${RANGE_S}s`)
    .replaceAll('$meter', meter);
}

const number = (text) => (Number.isFinite(Number(text)) ? Number(text) : null);

function nameOf(target, labels) {
  if (target.legendFormat === '__auto') return Object.keys(labels).length ? '' : target.expr;
  return target.legendFormat.replace(/\{\{(\w+)\}\}/g, (_, label) => labels[label] ?? '');
}

async function ask(target, stepS, meters) {
  const query = fill(target.expr, stepS, meters);
  const start = Math.floor((NOW_S - RANGE_S) / stepS) * stepS;
  const [path, when] = target.instant ? ['query', { time: NOW_S }] : ['query_range', { start, end: NOW_S, step: stepS }];
  const answer = await (await fetch(`/api/v1/${path}`, { method: 'POST', body: new URLSearchParams({ query, ...when }) })).json();
  if (answer.status !== 'success') {
    failed.push(`${query}: ${answer.error}`);
    return [];
  }
  return answer.data.result.map((series) => ({ labels: series.metric, values: series.values ?? [series.value] }));
}

function asLines(target, found, stepS) {
  return found.map(({ labels, values }) => {
    const name = nameOf(target, labels);
    const config = name ? { displayNameFromDS: name } : {};
    return {
      refId: target.refId,
      length: values.length,
      fields: [
        { name: 'Time', type: FieldType.time, config: { interval: 1000 * stepS }, values: values.map(([s]) => 1000 * s) },
        { name: 'Value', type: FieldType.number, labels, config, values: values.map(([, value]) => number(value)) },
      ],
    };
  });
}

function asTable(target, found, isOnly) {
  const names = [...new Set(found.flatMap(({ labels }) => Object.keys(labels)))].sort();
  const rows = found.flatMap(({ labels, values }) => values.map(([s, value]) => ({ s, labels, value })));
  const label = (name) => ({ name, type: FieldType.string, config: {}, values: rows.map((row) => row.labels[name] ?? '') });
  const value = { name: isOnly ? 'Value' : `Value #${target.refId}`, type: FieldType.number, config: {} };
  const time = { name: 'Time', type: FieldType.time, config: {}, values: rows.map((row) => 1000 * row.s) };
  const fields = [time, ...names.map(label), { ...value, values: rows.map((row) => number(row.value)) }];
  return { refId: target.refId, length: rows.length, fields };
}

/** Returns the frames of `panel`; `widthPx` decides how far its points are apart. */
export async function framesOf(panel, widthPx, meters) {
  const stepS = STEPS_S.find((step) => step >= RANGE_S / widthPx) ?? 300;
  const answers = await Promise.all(panel.targets.map((target) => ask(target, stepS, meters)));
  const frames = panel.targets.flatMap((target, n) =>
    target.format === 'table' ? asTable(target, answers[n], panel.targets.length === 1) : asLines(target, answers[n], stepS),
  );
  // A table that got some rows has the columns of the queries that got none; one that got none has no column.
  return frames.some((frame) => frame.length) ? frames : [{ refId: 'A', length: 0, fields: [] }];
}
