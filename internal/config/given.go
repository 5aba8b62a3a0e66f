package config

// Check looks at a Config that was not made by Load: its values were given in
// the program that runs the parts. It fills in what Load would, and returns all
// faults at once, as Faults, or nil.
func Check(c *Config) error {
	l := &loader{Loaded: Loaded{Config: *c, From: map[string]string{}}, keys: Keys()}
	l.settleEndpoint()
	l.check()
	if len(l.faults) > 0 {
		return l.faults
	}
	*c = l.Config
	return nil
}
