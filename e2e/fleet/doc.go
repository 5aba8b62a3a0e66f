// Package fleet runs many members in front of a tier of collectors: real
// rtcship processes, and beyond them exporters without files. What one process
// does right can still be wrong a few hundred times over: all come back in the
// same second, one collector gets everything, an idle fleet costs more than a
// busy one. Beside it, the gateway with several replicas behind one address.
package fleet
