package dashboards

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

type m = map[string]any

// layout places panels from left to right, and starts a line when one is full.
type layout struct{ x, y, height int }

func (l *layout) next(width, height int) m {
	if l.x+width > 24 {
		l.x, l.y, l.height = 0, l.y+l.height, 0
	}
	pos := m{"x": l.x, "y": l.y, "w": width, "h": height}
	l.x, l.height = l.x+width, max(l.height, height)
	return pos
}

// Grafana returns the board as Grafana's JSON, for Loki.
func (b Board) Grafana() ([]byte, error) {
	variables := []any{datasource("loki", "Loki"), tempo}
	for _, v := range b.Variables {
		variables = append(variables, m{"type": "textbox", "name": v[0], "label": v[1], "query": "", "hide": 0,
			"description": "Part of " + v[2] + "; large and small letters are the same", "current": m{"text": "", "value": ""}})
	}
	var panels []any
	var at layout
	for i, q := range b.Questions {
		panels = append(panels, b.panel(q, i+1, &at))
	}
	return dashboard(b.UID, b.Title, b.Help, variables, panels)
}

func dashboard(uid, title, help string, variables, panels []any) ([]byte, error) {
	text, err := json.MarshalIndent(m{
		"uid": uid, "title": title, "description": help, "tags": []string{"rtcship"}, "editable": false, "graphTooltip": 1,
		"schemaVersion": 39, "version": 1, "timezone": "browser", "refresh": "30s", "time": m{"from": "now-6h", "to": "now"},
		"templating": m{"list": variables}, "panels": panels, "annotations": m{"list": []any{}},
	}, "", " ")
	return append(text, '\n'), err
}

func datasource(kind, label string) m {
	return m{"type": "datasource", "name": "datasource", "label": label, "query": kind, "hide": 0, "refresh": 1}
}

func (b Board) panel(q Question, id int, at *layout) m {
	if q.Kind == Row {
		return m{"id": id, "type": "row", "title": q.Title, "collapsed": false, "panels": []any{}, "gridPos": at.next(24, 1)}
	}
	source := m{"type": "loki", "uid": "${datasource}"}
	target := m{"refId": "A", "datasource": source, "expr": q.LogQL(), "queryType": "range"}
	defaults := m{"unit": q.Unit}
	p := m{"id": id, "title": q.Title, "description": q.Help, "datasource": source, "targets": []any{target},
		"fieldConfig": m{"defaults": defaults, "overrides": []any{}}}
	height := 8
	switch q.Kind {
	case Count:
		height = 4
		target["queryType"] = "instant"
		defaults["noValue"] = "0"
		p["type"] = "stat"
		p["options"] = m{"reduceOptions": m{"calcs": []string{"lastNotNull"}}, "colorMode": "value", "graphMode": "none"}
	case OverTime, Quantile:
		target["legendFormat"] = "{{" + underscore(q.By) + "}}"
		p["type"] = "timeseries"
		p["options"] = m{"legend": m{"displayMode": "list", "placement": "bottom"}, "tooltip": m{"mode": "multi", "sort": "desc"}}
		if q.Kind == OverTime {
			defaults["custom"] = m{"drawStyle": "bars", "fillOpacity": 60, "stacking": m{"mode": "normal"}}
		}
	case Top:
		target["queryType"] = "instant"
		p["type"] = "table"
		p["options"] = m{"showHeader": true, "sortBy": []any{m{"displayName": "Value", "desc": true}}}
		p["transformations"] = []any{m{"id": "organize", "options": m{"excludeByName": m{"Time": true}}}}
		p["fieldConfig"].(m)["overrides"] = b.links(q)
	case Lines:
		height = 14
		p["type"] = "logs"
		p["options"] = m{"showTime": true, "enableLogDetails": true, "wrapLogMessage": true, "sortOrder": "Descending", "dedupStrategy": "none"}
	}
	p["gridPos"] = at.next(q.Width, height)
	return p
}

// links makes a click on a value set the variable that narrows the log lines down.
func (b Board) links(q Question) []any {
	if q.Link == "" {
		return []any{}
	}
	address := fmt.Sprintf("/d/%s?var-%s=${__value.raw:percentencode}&${datasource:queryparam}&${__url_time_range}", b.UID, q.Link)
	links := []any{m{"title": "Show the log lines", "url": address}}
	if q.By == "sora.connection_id" || q.By == "pexip.call_id" {
		links = append(links, m{"title": "Show the call", "url": traceOf(q.By), "targetBlank": true})
	}
	return []any{m{
		"matcher":    m{"id": "byName", "options": underscore(q.By)},
		"properties": []any{m{"id": "links", "value": links}},
	}}
}

// tempo is the variable for the store of traces, which need not be there.
var tempo = m{"type": "datasource", "name": "traces", "label": "Tempo", "query": "tempo", "hide": 0, "refresh": 1}

// traceOf is where Grafana shows the spans that have the clicked value of an attribute.
func traceOf(attribute string) string {
	query := fmt.Sprintf(`{ span.%s = "VALUE" }`, attribute)
	panes := text(m{"call": m{"datasource": "TEMPO", "range": m{"from": "FROM", "to": "UNTIL"},
		"queries": []any{m{"refId": "A", "queryType": "traceql", "query": query, "datasource": m{"type": "tempo", "uid": "TEMPO"}}}}})
	return "/explore?schemaVersion=1&panes=" + strings.NewReplacer(
		"TEMPO", "${traces}", "FROM", "${__from}", "UNTIL", "${__to}", "VALUE", "${__value.raw:percentencode}", "+", "%20").Replace(url.QueryEscape(panes))
}

// LogQL is the question in Loki's words, with Grafana's variables.
func (q Question) LogQL() string {
	logs, by := q.Where.logQL(), underscore(q.By)
	switch q.Kind {
	case Count:
		return fmt.Sprintf("sum(count_over_time(%s [$__range]))", logs)
	case OverTime:
		return fmt.Sprintf("sum by (%s) (count_over_time(%s [$__auto]))", by, logs)
	case Top:
		return fmt.Sprintf("topk(20, sum by (%s) (count_over_time(%s [$__range])))", by, logs)
	case Quantile:
		return fmt.Sprintf("quantile_over_time(0.95, %s | unwrap %s | __error__=`` [$__auto]) by (%s)", logs, underscore(q.Value), by)
	default:
		return logs
	}
}

// GrafanaItself is the dashboard about rtcship, for Prometheus.
func GrafanaItself() ([]byte, error) {
	return ofSeries("rtcship-itself", "rtcship itself", "Does rtcship ship, and if not, since when and why.", Itself)
}

// ofSeries is a dashboard for Prometheus.
func ofSeries(uid, title, help string, all []Series) ([]byte, error) {
	variables := []any{
		datasource("prometheus", "Prometheus"),
		m{"type": "query", "name": "job", "label": "Job", "datasource": m{"type": "prometheus", "uid": "${datasource}"}, "refresh": 2,
			"query": "label_values(rtcship_build_info, job)", "includeAll": true, "multi": true, "allValue": ".+", "current": m{"text": "All", "value": "$__all"}},
	}
	var panels []any
	var at layout
	for i, s := range all {
		panels = append(panels, s.panel(i+1, &at))
	}
	return dashboard(uid, title, help, variables, panels)
}

func (s Series) panel(id int, at *layout) m {
	source := m{"type": "prometheus", "uid": "${datasource}"}
	once := s.Stat || s.Table
	target := m{"refId": "A", "datasource": source, "expr": s.PromQL(), "legendFormat": s.Legend, "instant": once, "range": !once}
	p := m{"id": id, "type": "timeseries", "title": s.Title, "description": s.Help, "datasource": source, "options": m{},
		"fieldConfig": m{"defaults": m{"unit": s.Unit}, "overrides": []any{}}, "targets": []any{target}}
	height := 8
	switch {
	case s.Stat:
		p["type"], height = "stat", 4
	case s.Table:
		p["type"], target["format"] = "table", "table"
		p["options"] = m{"showHeader": true, "sortBy": []any{m{"displayName": "Value", "desc": true}}}
		p["transformations"] = []any{m{"id": "organize", "options": m{"excludeByName": m{"Time": true}}}}
	}
	if s.Exemplars {
		target["exemplar"] = true
	}
	p["gridPos"] = at.next(s.Width, height)
	return p
}

// PromQL is the query with Grafana's variables.
func (s Series) PromQL() string { return strings.ReplaceAll(s.Query, "$filter", `job=~"$job"`) }
