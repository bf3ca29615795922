// Draws /dashboard.json as Grafana would, closed rows opened, and reads from the document what a person would read there.
import React, { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { lastValueFrom } from 'rxjs';
import {
  EventBusSrv, ThemeContext, applyFieldOverrides, createTheme, getFieldDisplayName, getValueFormats, identityOverrideProcessor,
  standardFieldConfigEditorRegistry, standardTransformers, standardTransformersRegistry, transformDataFrame,
} from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { GlobalStyles, PanelChrome, PanelContextProvider } from '@grafana/ui';
import { failed, framesOf } from './answers.js';
import { VIEWS } from './views.jsx';

const GRID = { columns: 24, line: 30, gap: 8, margin: 16, top: 96 };
const OWN = ['align', 'axisSoftMax', 'cellOptions', 'drawStyle', 'fillOpacity', 'filterable', 'lineInterpolation', 'lineWidth',
  'minWidth', 'showPoints', 'spanNulls', 'stacking', 'thresholdsStyle', 'width'];
const SHARED = ['color', 'decimals', 'displayName', 'links', 'mappings', 'max', 'min', 'noValue', 'thresholds', 'unit'];
const LINE = { axisColorMode: 'text', axisPlacement: 'auto', barAlignment: 0, barWidthFactor: 0.6, gradientMode: 'none',
  hideFrom: { tooltip: false, viz: false, legend: false }, pointSize: 5, scaleDistribution: { type: 'linear' } };

const theme = createTheme({ colors: { mode: 'dark' } });
const unknown = [];

function prepare() {
  const transformers = Object.values(standardTransformers);
  standardTransformersRegistry.setInit(() => [...new Map(transformers.map((it) => [it.id, { id: it.id, name: it.name, transformation: () => it }])).values()]);
  const property = (path, isCustom) => ({ id: isCustom ? `custom.${path}` : path, path, name: path, isCustom, settings: {},
    process: identityOverrideProcessor, override: () => null, shouldApply: () => true });
  standardFieldConfigEditorRegistry.setInit(() => [...SHARED.map((path) => property(path, false)), ...OWN.map((path) => property(path, true))]);
}

function note(panel) {
  const units = new Set(getValueFormats().flatMap((group) => group.submenu.map((unit) => unit.value)));
  const { defaults, overrides } = panel.fieldConfig;
  const changed = overrides.flatMap((override) => override.properties);
  const asked = [defaults.unit, ...changed.filter((it) => it.id === 'unit').map((it) => it.value)];
  unknown.push(...asked.filter((unit) => !units.has(unit) && !unit.startsWith('suffix:')).map((unit) => `${panel.title}: unit ${unit}`));
  const options = [...Object.keys(defaults.custom ?? {}).map((name) => `custom.${name}`), ...changed.map((it) => it.id)];
  const known = new Set([...SHARED, ...OWN.map((name) => `custom.${name}`)]);
  unknown.push(...options.filter((name) => !known.has(name)).map((name) => `${panel.title}: option ${name}`));
}

async function load(panel, width, meters) {
  note(panel);
  let frames = await framesOf(panel, width, meters);
  if (panel.transformations) frames = await lastValueFrom(transformDataFrame(panel.transformations, frames, { interpolate: (text) => text }));
  const config = structuredClone(panel.fieldConfig);
  if (panel.type === 'timeseries') config.defaults.custom = { ...LINE, ...config.defaults.custom };
  const limits = [config.defaults.thresholds, ...config.overrides.flatMap((it) => it.properties).filter((it) => it.id === 'thresholds').map((it) => it.value)];
  limits.forEach((limit) => (limit.steps[0].value = -Infinity));
  const series = applyFieldOverrides({ data: frames, fieldConfig: config, replaceVariables: (text) => text, theme, timeZone: 'utc',
    fieldConfigRegistry: standardFieldConfigEditorRegistry });
  series.forEach((frame) => frame.fields.forEach((field) => getFieldDisplayName(field, frame, series)));
  return { series, config };
}

function Panel({ panel, place, onDrawn }) {
  const [data, setData] = useState(null);
  useEffect(() => { load(panel, place.width, window.ASKED.meters).then(setData); }, []);
  useEffect(() => { if (data) requestAnimationFrame(() => requestAnimationFrame(onDrawn)); }, [data]);
  const View = VIEWS[panel.type];
  return (
    <div data-panel={panel.title} data-kind={panel.type} style={{ position: 'absolute', ...place }}>
      <PanelChrome width={place.width} height={place.height} title={panel.title} description={panel.description}>
        {(width, height) => data && <div data-inside style={{ width, height }}><View {...{ panel, data, theme, width, height }} /></div>}
      </PanelChrome>
    </div>
  );
}

function opened(panels) {
  let down = 0;
  return panels.flatMap((panel) => {
    const here = { ...panel, y: panel.gridPos.y + down };
    const inside = (panel.panels ?? []).map((it) => ({ ...it, y: it.gridPos.y + down }));
    if (inside.length) down += Math.max(...inside.map((it) => it.y + it.gridPos.h)) - here.y - 1;
    return [here, ...inside];
  });
}

function placeOf({ y, gridPos: { x, w, h } }) {
  const column = (window.innerWidth - 2 * GRID.margin - 23 * GRID.gap) / GRID.columns, line = GRID.line + GRID.gap;
  return { left: GRID.margin + x * (column + GRID.gap), top: GRID.top + y * line, width: w * column + (w - 1) * GRID.gap, height: h * line - GRID.gap };
}

function Dashboard({ dashboard }) {
  const all = opened(dashboard.panels), panels = all.filter((it) => it.type !== 'row');
  let left = panels.length;
  const onDrawn = () => { left -= 1; if (!left) setTimeout(() => { window.DRAWN = true; }, 500); };
  const head = { position: 'absolute', left: GRID.margin, top: 24, fontSize: 20 };
  const height = Math.max(...all.map((it) => placeOf(it).top + placeOf(it).height)) + GRID.margin;
  return (
    <div style={{ position: 'relative', height, background: theme.colors.background.canvas, color: theme.colors.text.primary }}>
      <div style={head}>{dashboard.title}</div>
      {all.filter((it) => it.type === 'row').map((row) => <div key={row.id} style={{ position: 'absolute', ...placeOf(row) }}>{row.title}</div>)}
      {panels.map((panel) => <Panel key={panel.id} panel={panel} place={placeOf(panel)} onDrawn={onDrawn} />)}
    </div>
  );
}

const groundOf = (element) => {
  const look = getComputedStyle(element);
  return look.backgroundImage === 'none' ? look.backgroundColor : look.backgroundImage;
};

/** Returns the texts below `element` that reach out of it. */
function cutOff(element) {
  const box = element.getBoundingClientRect();
  const outside = ({ top, bottom, left, right }) => top < box.top - 2 || bottom > box.bottom + 2 || left < box.left - 2 || right > box.right + 2;
  return [...element.querySelectorAll('span')].filter((it) => it.innerText && outside(it.getBoundingClientRect())).map((it) => it.innerText);
}

function readPanel(panel) {
  const inside = panel.querySelector('[data-inside]');
  const title = [...panel.querySelectorAll('h2, h6')].find((it) => it.innerText === panel.dataset.panel);
  return {
    title: panel.dataset.panel,
    isTitleCut: !title || title.scrollWidth > title.clientWidth,
    bottom: Math.round(panel.getBoundingClientRect().bottom),
    text: inside.innerText,
    cut: panel.dataset.kind === 'stat' ? cutOff(inside) : [],
    tiles: [...inside.querySelectorAll('[style*=background]')].map((it) => ({ text: it.innerText, ground: groundOf(it) })),
    rows: [...inside.querySelectorAll('[role=row]')].map((row) =>
      [...row.querySelectorAll('[role=gridcell]')].map((cell) => ({ text: cell.innerText, ink: getComputedStyle(cell).color, ground: groundOf(cell) })),
    ),
    bands: [...inside.querySelectorAll('[data-band]')].map(({ dataset }) => ({ series: dataset.band, says: dataset.says, colour: dataset.colour })),
  };
}

/** Returns what stands in each panel: its text, its coloured grounds with their text, its rows, the bands of its timeline. */
window.read = () => ({ failed, unknown, panels: [...document.querySelectorAll('[data-panel]')].map(readPanel) });

prepare();
document.documentElement.style.fontSize = '14px';
await initPluginTranslations('grafana', []);
const dashboard = await (await fetch('/dashboard.json')).json();
const context = { eventBus: new EventBusSrv(), eventsScope: 'global', sync: () => 0, onSeriesColorChange() {}, onToggleSeriesVisibility() {} };
createRoot(document.getElementById('root')).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <PanelContextProvider value={context}>
      <Dashboard dashboard={dashboard} />
    </PanelContextProvider>
  </ThemeContext.Provider>,
);
