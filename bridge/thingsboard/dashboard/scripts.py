"""What of the dashboard runs in the browser: small functions that ThingsBoard's widgets call. Pure.

Rule: cells and cards are trusted HTML. Whatever a device says (its state, its serial number) goes through ``esc``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bridge.thingsboard.dashboard.words import DashboardWords

PHASES: Final = {"l1": "#d9480f", "l2": "#2b8a3e", "l3": "#1971c2"}
STATES: Final = {"ok": "#2e7d32", "gaps": "#ef6c00", "failing": "#c62828", "silent": "#616161", "off": "#616161"}
_OLD_MS: Final = 900_000
_EMPTY: Final = "value===''||value==null"

_ESC = "var esc=function(s){return String(s).replace(/[&<>\"']/g,function(c){return '&#'+c.charCodeAt(0)+';'})};"
_CHIP = (
    f"var chip=function(s){{var c={json.dumps(STATES)}[String(s).toLowerCase()]||'#616161';"
    "return '<span style=\"background:'+c+';color:#fff;border-radius:10px;padding:2px 10px;white-space:nowrap\">'"
    "+esc(s)+'</span>'};"
)
# A table gives its functions a value without its time; that stands in the subscription's page.
_TIME_OF_ROW = (
    "var ts=0;try{ctx.defaultSubscription.dataPages[0].data.forEach(function(row){row.forEach(function(d){"
    "if(d.datasource.entityId===entity.id.id&&d.dataKey.label===%s&&d.data.length)ts=d.data[0][0]})})}catch(e){}"
)

STATE_CELL: Final = _ESC + _CHIP + f"return {_EMPTY}?'':chip(value);"
PERCENT_CELL: Final = f"return {_EMPTY}?'':(100*value).toFixed(1)+' %';"
PERCENT_STYLE: Final = (
    f"return {_EMPTY}?{{}}:{{color:value>=0.99?'#2e7d32':value>=0.95?'#ef6c00':'#c62828',fontWeight:500}};"
)
WH_TO_KWH: Final = f"return {_EMPTY}?value:value/1000;"
SINCE_CELL: Final = "return ctx.date.transform(value,'d MMM HH:mm');"

CSS_ROWS: Final = (
    ".mat-mdc-row, .mat-mdc-header-row { height: 40px !important; min-height: 40px !important } "
    ".mat-mdc-cell, .mat-mdc-header-cell { height: 40px !important }"
)
CSS_HEAD: Final = (
    ".head{padding:10px 14px;font-size:15px;line-height:26px} .head b{font-size:20px;margin-right:8px} "
    ".head span{color:rgba(0,0,0,.7)}"
)
CSS_PHASES: Final = (
    ".ph{width:100%;height:100%;border-collapse:collapse;font-size:20px;margin:0} "
    ".ph td{text-align:right;padding:2px 14px;border:0} .ph th{text-align:left;padding:2px 14px;border:0} "
    ".none{padding:14px;color:#616161} .ph.old td{color:#9e9e9e} "
) + " ".join(f".ph .{phase}{{color:{colour}}}" for phase, colour in PHASES.items())


def age_cell(words: DashboardWords) -> str:
    """The age of a row's last value."""
    return _ago(words) + _time_of_row(words) + "return ago(ts);"


def age_style(words: DashboardWords) -> str:
    """Red, once it is old."""
    return _time_of_row(words) + f"return Date.now()-ts>{_OLD_MS}?{{color:'#c62828',fontWeight:500}}:{{}};"


def old_style(words: DashboardWords) -> str:
    """Grey for a value that is old."""
    return _time_of_row(words) + f"return Date.now()-ts>{_OLD_MS}?{{color:'#9e9e9e'}}:{{}};"


def status_cell(words: DashboardWords) -> str:
    """What has become of an alarm."""
    over, seen, active = (json.dumps(words[key]) for key in ("over", "active_seen", "active"))
    return f"return alarm.cleared?{over}:alarm.acknowledged?{seen}:{active};"


def head_card(words: DashboardWords) -> str:
    """A meter's name, state, and what is known of it."""
    serial, last, share = (json.dumps(words[key].lower()) for key in ("serial", "last_value", "complete_share"))
    return _ESC + _CHIP + _ago(words) + (
        "var d=data[0]||{};var has=function(k){return d[k]!==undefined&&d[k]!==null&&d[k]!==''};var p=[];"
        "if(has('manufacturer'))p.push(esc(d.manufacturer));"
        f"if(has('serial_number'))p.push({serial}+' '+esc(d.serial_number));"
        f"p.push({last}+' '+ago(d['active_power|ts']));"
        f"if(has('completeness'))p.push((100*d.completeness).toFixed(1)+' % '+{share});"
        "return '<div class=\"head\"><b>'+esc(d.entityName||'')+'</b> '+(has('state')?chip(d.state):'')+"
        "' <span>'+p.join(' · ')+'</span></div>';"
    )  # fmt: skip


def phases_card(words: DashboardWords) -> str:
    """Voltage and current of each phase that there is."""
    none = json.dumps(words["no_phases"])
    return (
        "var d=data[0]||{};var n=function(k,u,f){return d[k]===undefined||d[k]===null||d[k]===''?'-':"
        f"Number(d[k]).toFixed(f)+' '+u}};var r='';{json.dumps(list(PHASES))}.forEach(function(p){{"
        "if(n('voltage_'+p,'',1)==='-'&&n('current_'+p,'',1)==='-')return;"
        "r+='<tr><th class=\"'+p+'\">'+p.toUpperCase()+'</th><td>'+n('voltage_'+p,'V',1)+'</td><td>'"
        "+n('current_'+p,'A',2)+'</td></tr>'});"
        f"var old=Date.now()-(d['voltage_l1|ts']||0)>{_OLD_MS};"
        "return r?'<table class=\"ph'+(old?' old':'')+'\">'+r+'</table>':"
        f"'<p class=\"none\">'+{none}+'</p>';"
    )


def _time_of_row(words: DashboardWords) -> str:
    return _TIME_OF_ROW % json.dumps(words["last_value"], ensure_ascii=False)


def _ago(words: DashboardWords) -> str:
    before, _, after = words["ago"].partition("%s")
    never, days = json.dumps(words["never"]), json.dumps(f" {words['days']}")
    return (
        f"var ago=function(ts){{if(!ts)return {never};var s=Math.max(0,(Date.now()-ts)/1000);"
        f"return {json.dumps(before)}+(s<90?Math.round(s)+' s':s<5400?Math.round(s/60)+' min':"
        f"s<172800?Math.round(s/3600)+' h':Math.round(s/86400)+{days})+{json.dumps(after)}}};"
    )
