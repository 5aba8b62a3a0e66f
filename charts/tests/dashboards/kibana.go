package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

const dataView = "rtcship-logs"

// Kibana returns the boards as saved objects: a data view, and for each board
// its panels, a search and the dashboard.
func Kibana(boards ...Board) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m{"type": "index-pattern", "id": dataView, "references": []any{},
		"attributes": m{"title": "logs-*.otel-*", "name": "Logs by OpenTelemetry", "timeFieldName": "@timestamp",
			"fieldFormatMap": text(m{"trace.id": toCall, "trace_id": toCall})}}); err != nil {
		return nil, err
	}
	for _, board := range boards {
		for _, o := range board.savedObjects() {
			if err := enc.Encode(o); err != nil {
				return nil, err
			}
		}
	}
	return b.Bytes(), nil
}

// toCall makes a click on a trace id lead to the call.
var toCall = m{"id": "url", "params": m{"type": "a", "urlTemplate": "/app/apm/link-to/trace/{{value}}", "labelTemplate": "{{value}}"}}

func (b Board) savedObjects() (objects []m) {
	var panels, references []any
	var at layout
	for i, q := range b.Questions {
		if q.Kind == Row {
			continue
		}
		id := fmt.Sprintf("%s-%02d", b.UID, i)
		kind := "visualization"
		if q.Kind == Lines {
			kind = "search"
		}
		objects = append(objects, q.savedObject(id, kind, b))
		name := fmt.Sprintf("panel_%d", i)
		pos := at.next(q.Width*2, 12) // Kibana counts 48 columns
		pos["i"] = fmt.Sprint(i)
		panels = append(panels, m{"panelIndex": fmt.Sprint(i), "gridData": pos, "embeddableConfig": m{}, "panelRefName": name, "type": kind})
		references = append(references, m{"name": name, "type": kind, "id": id})
	}
	return append(objects, m{"type": "dashboard", "id": b.UID, "references": references, "attributes": m{
		"title": b.Title, "description": b.Help, "panelsJSON": text(panels), "optionsJSON": text(m{"useMargins": true}),
		"timeRestore": true, "timeFrom": "now-6h", "timeTo": "now",
		"kibanaSavedObjectMeta": m{"searchSourceJSON": text(m{"query": m{"language": "kuery", "query": ""}, "filter": []any{}})},
	}})
}

func (q Question) savedObject(id, kind string, b Board) m {
	source := text(m{"query": m{"language": "kuery", "query": q.Where.kql()}, "filter": []any{}, "indexRefName": "kibanaSavedObjectMeta.searchSourceJSON.index"})
	o := m{"type": kind, "id": id,
		"references": []any{m{"name": "kibanaSavedObjectMeta.searchSourceJSON.index", "type": "index-pattern", "id": dataView}}}
	if kind == "search" {
		columns := []string{"body.text"}
		for _, v := range b.Variables {
			columns = append(columns, field(v[2]))
		}
		columns = append(columns, "trace.id")
		o["attributes"] = m{"title": b.Title + ": log lines", "description": q.Help, "columns": columns, "sort": []any{[]string{"@timestamp", "desc"}},
			"kibanaSavedObjectMeta": m{"searchSourceJSON": source}}
		return o
	}
	o["attributes"] = m{"title": b.Title + ": " + q.Title, "description": q.Help, "visState": text(q.visState()), "uiStateJSON": "{}",
		"kibanaSavedObjectMeta": m{"searchSourceJSON": source}}
	return o
}

// visState is an aggregation-based visualization.
func (q Question) visState() m {
	metric := m{"id": "1", "enabled": true, "type": "count", "schema": "metric", "params": m{}}
	terms := m{"id": "2", "enabled": true, "type": "terms", "schema": "group",
		"params": m{"field": field(q.By), "size": 20, "order": "desc", "orderBy": "1", "customLabel": q.By}}
	time := m{"id": "3", "enabled": true, "type": "date_histogram", "schema": "segment",
		"params": m{"field": "@timestamp", "interval": "auto", "min_doc_count": 1}}
	switch q.Kind {
	case Count:
		return m{"title": q.Title, "type": "metric", "aggs": []any{metric}, "params": m{"addTooltip": true, "type": "metric"}}
	case Top:
		terms["schema"] = "bucket"
		return m{"title": q.Title, "type": "table", "aggs": []any{metric, terms}, "params": m{"perPage": 20}}
	case Quantile:
		metric = m{"id": "1", "enabled": true, "type": "percentiles", "schema": "metric", "params": m{"field": field(q.Value), "percents": []int{95}}}
		terms["params"].(m)["orderBy"] = "_key"
		return m{"title": q.Title, "type": "line", "aggs": []any{metric, time, terms}, "params": m{"type": "line", "addLegend": true}}
	default:
		return m{"title": q.Title, "type": "histogram", "aggs": []any{metric, time, terms}, "params": m{"type": "histogram", "addLegend": true}}
	}
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("dashboards: " + err.Error()) // a map of strings and numbers
	}
	return strings.TrimSpace(string(b))
}
