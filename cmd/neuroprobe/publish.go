package main

import (
	"fmt"
	"os"
	"time"

	"neuroprobe/reports"
)

// publish files an entry in the lab's notebook and shows it: in short for people, as JSON for
// programs.
func (g *globals) publish(l lab, asJSON bool, e reports.Entry) error {
	notebook, err := reports.Open(l.dir)
	if err != nil {
		return err
	}
	path, err := notebook.Add(e)
	if err != nil {
		return err
	}
	if !asJSON {
		_, err = fmt.Fprintf(g.Out, "%s\nreport: %s\n", reports.Terminal(e), path)
		return err
	}
	fmt.Fprintf(g.Err, "report: %s\n", path)
	text, err := e.JSON()
	if err != nil {
		return err
	}
	_, err = g.Out.Write(text)
	return err
}

// provenance is what an entry says about the run it came from.
func (g *globals) provenance(command string, started time.Time) reports.Run {
	return reports.Run{Command: command, Version: version, Arithmetic: g.arithmetic(),
		Created: started, Host: hostname(), Seconds: time.Since(started).Seconds()}
}

// hostname is for the header of an entry only.
func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}
