package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func newExplainCommand() *cobra.Command {
	return &cobra.Command{Use: "explain CODE…", RunE: func(*cobra.Command, []string) error { return errors.ErrUnsupported }}
}
