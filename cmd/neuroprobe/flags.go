package main

import (
	"errors"
	"strings"

	"neuroprobe/datasets"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagError words pflag's errors for people.
func flagError(cmd *cobra.Command, err error) error {
	if args := cmd.Flags().Args(); cmd.HasSubCommands() && len(args) > 0 {
		return noArguments(cmd, args) // the flag belongs to a command that was misspelled
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		f := invalid.GetFlag()
		wanted := map[string]string{"int": "a whole number", "intSlice": "whole numbers, separated by commas", "uint64": "a whole number from 0", "float64": "a number", "bool": "true or false"}
		if want, ok := wanted[f.Value.Type()]; ok {
			err = usagef("--%s %q: want %s", f.Name, invalid.GetValue(), want)
		}
	}
	return hint(&usageError{err}, "see %s --help", cmd.CommandPath())
}

// dataOptions are the flags that choose and shape a data set.
type dataOptions struct {
	datasets.Options
	noise float64
}

func (o *dataOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.Data, "data", "petfaces", "`source` of the images: petfaces, cifar10:DIR, folder:DIR or idx:DIR")
	f.StringSliceVar(&o.Classes, "classes", nil, "class `names` to tell apart, separated by commas")
	f.IntVar(&o.Size, "size", 0, "image side in `pixels` (petfaces, folder; default 32)")
	f.IntVar(&o.Train, "train-images", 0, "number of images in the train split (petfaces: 4000)")
	f.IntVar(&o.Select, "select-images", 0, "number of images in the select split (petfaces: 1000)")
	f.IntVar(&o.Confirm, "confirm-images", 0, "number of images in the confirm split (petfaces: 1000)")
	f.Float64Var(&o.noise, "noise", 0, "standard deviation of petfaces' pixel noise, on the scale 0 to 1 (default 0.03)")
	f.BoolVar(&o.SkipBad, "skip-bad", false, "leave unreadable images out and list them in the report")
	mustExist(cmd.RegisterFlagCompletionFunc("data", completeSources))
}

// parsed takes over what only the finished command line tells: --noise 0 is not no --noise.
func (o *dataOptions) parsed(cmd *cobra.Command) {
	if cmd.Flags().Changed("noise") {
		o.Noise = &o.noise
	}
}

func completeSources(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, s := range datasets.Sources {
		name, _, hasDir := strings.Cut(s.Usage, ":")
		if hasDir {
			name += ":"
		}
		names = append(names, name+"\t"+s.Summary)
	}
	return names, cobra.ShellCompDirectiveNoSpace
}

// commandLine is what to type to repeat a command: its path and the flags that were given, in
// the order of their names.
func commandLine(cmd *cobra.Command) string {
	words := strings.Fields(cmd.CommandPath())
	cmd.Flags().Visit(func(f *pflag.Flag) {
		value := f.Value.String()
		if list, ok := f.Value.(pflag.SliceValue); ok {
			value = strings.Join(list.GetSlice(), ",")
		}
		switch {
		case f.Name == "json" || f.Name == "force" || f.Name == "resume":
			return
		case f.Value.Type() == "bool" && value == "true":
			words = append(words, "--"+f.Name)
		case f.Value.Type() == "bool":
			words = append(words, "--"+f.Name+"="+value)
		default:
			words = append(words, "--"+f.Name, quote(value))
		}
	})
	return strings.Join(words, " ")
}

// quote makes a word safe to paste into a shell.
func quote(word string) string {
	const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:,@%"
	if word != "" && strings.Trim(word, safe) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
