// Parses each LogQL expression of the dashboards and of Loki's rules with the grammar that Grafana's own editor uses.
// It finds a typo in seconds and without a Loki; whether an expression finds the right lines, only a real Loki can
// say (make e2e-loki).
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {parser} from '@grafana/lezer-logql'
import YAML from 'yaml'

const chart = process.argv[2]

// filledIn puts a value where Grafana would put one of its variables, which are no part of LogQL.
const filledIn = expr => expr.replaceAll('$__auto', '1h').replaceAll('$__range', '24h').replaceAll(/\$\{\w+:regex\}/g, 'value')

// fault is where the grammar gives up, or undefined for an expression that it takes.
function fault(expr) {
  let at
  parser.parse(expr).iterate({enter: node => { if (node.type.isError) at ??= node.from }})
  return at
}

function ofDashboard(name) {
  const {panels} = JSON.parse(readFileSync(join(chart, 'dashboards', name)))
  return panels.flatMap(p => (p.targets ?? [])
    .filter(t => (t.datasource ?? p.datasource)?.type === 'loki')
    .map(t => ({where: `${name}, "${p.title}"`, expr: t.expr})))
}

function ofRules(name) {
  const {groups} = YAML.parse(readFileSync(join(chart, 'rules', name), 'utf8'))
  return groups.flatMap(g => g.rules.map(r => ({where: `${name}, ${r.alert ?? r.record}`, expr: r.expr})))
}

// A lint that finds nothing wrong anywhere would look like a chart without faults.
const faulty = ['{service_name="sora"', '{service_name=~`sora} |= "x"', 'sum(count_over_time({a="b"} [5m])', 'sum by (x count_over_time({a="b"}[5m])', '{a="b"} | | json']
for (const expr of faulty) {
  if (fault(expr) === undefined) throw new Error(`the grammar takes a faulty expression: ${expr}`)
}

const all = [...ofDashboard('sora.json'), ...ofDashboard('pexip.json'), ...ofRules('loki.yaml')]
if (all.length < 50) throw new Error(`only ${all.length} expressions found: the dashboards are not read as they should be`)
let bad = 0
for (const {where, expr} of all) {
  const text = filledIn(expr), at = fault(text)
  if (at === undefined) continue
  bad++
  console.error(`${where}: no LogQL from character ${at} on:\n  ${text}\n  ${' '.repeat(at)}^`)
}
console.log(`${all.length} LogQL expressions, ${bad} faulty`)
process.exitCode = bad ? 1 : 0
