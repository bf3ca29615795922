// How each kind of panel is drawn: by Grafana's own components, but for the timeline of states, which its packages lack.
import React from 'react';
import {
  FieldType, dateTime, formattedValueToString, getDisplayValueAlignmentFactors, getFieldDisplayName, getFieldDisplayValues,
} from '@grafana/data';
import { BigValue, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { NOW_S, RANGE_S } from './answers.js';

const FROM_MS = 1000 * (NOW_S - RANGE_S);
const TIME_RANGE = {
  from: dateTime(FROM_MS),
  to: dateTime(1000 * NOW_S),
  raw: { from: `now-${RANGE_S}s`, to: 'now' },
};
const asIs = (text) => text;

const Nothing = ({ said }) => <div className="nothing">{said ?? 'No data'}</div>;

function Stat({ panel, data, theme, width, height }) {
  const { options } = panel;
  const values = () =>
    getFieldDisplayValues({
      fieldConfig: data.config, reduceOptions: options.reduceOptions, replaceVariables: asIs, theme, data: data.series, timeZone: 'utc',
    });
  const draw = (value) => {
    const named = options.textMode === 'value_and_name';
    return (
      <BigValue {...value} value={value.value.display} theme={theme} colorMode={options.colorMode} graphMode="none"
        justifyMode={options.justifyMode} text={options.text} textMode={named ? 'value_and_name' : 'value'} />
    );
  };
  return (
    <VizRepeater getValues={values} getAlignmentFactors={getDisplayValueAlignmentFactors} renderValue={draw} source={data}
      width={width} height={height} orientation="auto" autoGrid itemSpacing={3} renderCounter={0} />
  );
}

function Lines({ panel, data, width, height }) {
  const frames = data.series.filter((frame) => frame.fields.some((field) => field.type === FieldType.number));
  if (!frames.length) return <Nothing said={panel.fieldConfig.defaults.noValue} />;
  frames.forEach((frame, n) => frame.fields.forEach((field) => (field.state = { ...field.state, seriesIndex: n })));
  return (
    <TimeSeries frames={frames} structureRev={1} timeRange={TIME_RANGE} timeZone="utc" width={width} height={height}
      legend={panel.options.legend} options={panel.options} replaceVariables={asIs} />
  );
}

function Table({ panel, data, width, height }) {
  const [frame] = data.series;
  if (!frame?.fields.length) return <Nothing said={panel.fieldConfig.defaults.noValue} />;
  return (
    <TableNG data={frame} width={width} height={height} sortBy={panel.options.sortBy} cellHeight={panel.options.cellHeight}
      timeRange={TIME_RANGE} fieldConfig={data.config} enableVirtualization={false} structureRev={1} getActions={() => []} />
  );
}

function bandsOf(field, times) {
  const bands = [];
  field.values.forEach((value, n) => {
    const last = bands.at(-1);
    if (last?.value === value && times[n] - last.untilMs <= 1.5 * field.stepMs) last.untilMs = times[n];
    else bands.push({ value, fromMs: times[n], untilMs: times[n] });
  });
  return bands;
}

function Timeline({ panel, data, theme, width, height }) {
  const frames = data.series.filter((frame) => frame.fields.length);
  if (!frames.length) return <Nothing said="Data does not have a time field" />; // what Grafana says, whatever noValue is
  const left = 0.15 * width, lane = (height - 20) / frames.length, at = (ms) => left + ((ms - FROM_MS) / (1000 * RANGE_S)) * (width - left);
  return (
    <svg width={width} height={height} fontSize={12} fill={theme.colors.text.primary}>
      {frames.map((frame, row) => {
        const [time, field] = frame.fields, name = getFieldDisplayName(field, frame, frames);
        return bandsOf({ ...field, stepMs: time.config.interval }, time.values).map((band) => {
          const shown = field.display(band.value), x = at(band.fromMs), y = lane * row;
          return (
            <g key={`${name} ${band.fromMs}`} data-band={name} data-says={formattedValueToString(shown)} data-colour={shown.color}>
              <text x={left - 8} y={y + lane / 2 + 4} textAnchor="end">{name}</text>
              <rect x={x} y={y + 2} width={Math.max(1, at(band.untilMs) - x)} height={lane - 4} fill={shown.color} fillOpacity={0.7} />
              <text x={x + 3} y={y + lane / 2 + 4}>{formattedValueToString(shown)}</text>
            </g>
          );
        });
      })}
      <text x={left} y={height - 5}>{TIME_RANGE.from.utc().format('HH:mm')}</text>
      <text x={width} y={height - 5} textAnchor="end">{TIME_RANGE.to.utc().format('HH:mm')}</text>
    </svg>
  );
}

export const VIEWS = { stat: Stat, timeseries: Lines, table: Table, 'state-timeline': Timeline };
