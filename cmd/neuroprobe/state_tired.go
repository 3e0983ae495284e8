package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"neuroprobe/ablate/state"
	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type tiredOptions struct {
	*experimentOptions
	tired   state.TiredOptions
	lesions string
}

func newStateTiredCmd(g *globals, runF func(context.Context, *tiredOptions) error) *cobra.Command {
	o := &tiredOptions{experimentOptions: newExperimentOptions(g, ""), tired: state.DefaultTiredOptions()}
	cmd := &cobra.Command{
		Use:   "tired",
		Short: "Show that a network does not tire, and find out what fatigue would do to it",
		Long: `Do results change because it is tired? First the same images are shown a thousand times, with and
without others between: every answer must be the same to the bit. Then every hidden neuron gets a
gain that falls by its own firing and comes back with time (synaptic depression by depletion), and
as many subjects as there are images work through other images before they see theirs.

  dose       accuracy, recalls, confidence and AUROC by fatigue κ; which class suffers
  time       step by step, and how a rest brings it back
  history    whether it matters of which class the images before were
  controls   the same fatigue spread evenly, or shuffled among neurons
  global     arousal and noise, in the fresh and in the tired network
  neurons    whose fatigue matters, alone and among tired others, and whether its lesion tells

κ counts in gain: a neuron that goes on firing at its usual rate ends at a gain of 1/(1 + κ). τ, by
which a silent neuron recovers, counts in presentations of an image. With κ = 0 everything is
exactly as without a body, and that is tested in each run.`,
		Example: `  neuroprobe state tired                          a day's work at the defaults
  neuroprobe state tired --fatigue 2 --steps 20   tire less, work longer
  neuroprobe state tired --recovery 10            recover more slowly
  neuroprobe state tired --doses 0,0.5,1,2,4,8    these fatigues
  neuroprobe state tired --lesion 3:17,4:2        tire a network with a lesion
  neuroprobe state tired --arousal -0.5,0,0.5,1 --noise 0,0.5,1,2
  neuroprobe state tired --images 200             on fewer images, faster`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.parse(cmd); err != nil {
				return err
			}
			for _, doses := range [][]float64{o.tired.Doses, o.tired.Arousal, o.tired.Noise} {
				slices.Sort(doses)
			}
			if err := o.tired.Check(); err != nil {
				return &usageError{err}
			}
			return runF(cmd.Context(), o)
		},
	}
	o.addFlags(cmd, false)
	withoutFlags(cmd, "metric", "draws", "mean-over", "specimens", "resume")
	f := cmd.Flags()
	f.Float64Var(&o.tired.Fatigue, "fatigue", o.tired.Fatigue, "reference κ, a `number` above 0: that of all but the dose–response curve")
	f.Float64Var(&o.tired.Recovery, "recovery", o.tired.Recovery, "τ, a `number`: time constant of recovery, in presentations of an image")
	f.Var((*numberList)(&o.tired.Doses), "doses", "`fatigues` κ of the dose–response curve, 0 among them")
	f.IntVar(&o.tired.Steps, "steps", o.tired.Steps, "`images` that a subject works through before it is tested")
	f.Var((*numberList)(&o.tired.Noise), "noise", "doses of `noise`, in each neuron's standard deviations, 0 among them")
	f.Var((*numberList)(&o.tired.Arousal), "arousal", "doses of `arousal`: activations times 1 + arousal, 0 among them")
	f.IntVar(&o.tired.Images, "images", 0, "use so many random `images` of the split, and as many subjects (0: all)")
	f.StringVar(&o.lesions, "lesion", "", "silence these all the time: `LAYER:NEURON`, several by comma, ranges, a layer's all")
	mustExist(cmd.RegisterFlagCompletionFunc("lesion", g.completeNeurons))
	return cmd
}

// numberList is a flag of numbers by comma. pflag's own writes 0.5 as 0.500000, and loses what is
// smaller than that.
type numberList []float64

// String implements pflag.Value.
func (l *numberList) String() string {
	var words []string
	for _, v := range *l {
		words = append(words, strconv.FormatFloat(v, 'g', -1, 64))
	}
	return strings.Join(words, ",")
}

// Set implements pflag.Value.
func (l *numberList) Set(text string) error {
	var list []float64
	for word := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(word), 64)
		if err != nil {
			return fmt.Errorf("%q is no number", word)
		}
		list = append(list, v)
	}
	*l = list
	return nil
}

// Type implements pflag.Value.
func (*numberList) Type() string { return "numbers" }

func runStateTired(ctx context.Context, o *tiredOptions) error {
	e, err := o.open(ctx, func(n *model.Network) (err error) {
		if o.lesions != "" {
			o.tired.Lesions, err = n.ParseAddresses(o.lesions)
		}
		return err
	})
	if err != nil {
		return err
	}
	o.tired.Options = e.ablate
	result, err := state.Tired(ctx, e.network, e.set, o.tired)
	if err != nil {
		return e.failed(err)
	}
	return e.publish(reports.Tired(reports.TiredReport{Result: result, Source: e.source()}))
}
