package main

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func newCompletionCmd(g *globals) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the completion script of a shell",
		Long: `Print the script with which a shell (` + strings.Join(shells, ", ") + `) completes neuroprobe's
commands, flags and neurons.`,
		Example: `  source <(neuroprobe completion bash)
  neuroprobe completion zsh > "${fpath[1]}/_neuroprobe"
  neuroprobe completion fish > ~/.config/fish/completions/neuroprobe.fish`,
		ValidArgs: shells,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(shells, args[0]) {
				return hint(usagef("which shell? got %q", args), "one of %s", strings.Join(shells, ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			generate := map[string]func(io.Writer) error{
				"bash":       func(w io.Writer) error { return root.GenBashCompletionV2(w, true) },
				"zsh":        root.GenZshCompletion,
				"fish":       func(w io.Writer) error { return root.GenFishCompletion(w, true) },
				"powershell": root.GenPowerShellCompletionWithDesc,
			}
			return generate[args[0]](g.Out)
		},
	}
}
