package main

import (
	"context"
	"slices"

	"neuroprobe/ablate/state"
	"neuroprobe/model"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type asyncOptions struct {
	*experimentOptions
	async                state.AsyncOptions
	order, from, lesions string
}

func newStateAsyncCmd(g *globals, runF func(context.Context, *asyncOptions) error) *cobra.Command {
	o := &asyncOptions{experimentOptions: newExperimentOptions(g, ""), async: state.AsyncOptions{
		Rule: state.Rule{Order: state.RandomOrder, Part: state.DefaultPart}, From: state.FromRest,
		Images: state.DefaultAsyncImages, Orders: state.DefaultAsyncOrders}}
	cmd := &cobra.Command{
		Use:   "async",
		Short: "Let neurons update one by one, not in step, and watch the answer form",
		Long: `Show an image to a network whose neurons do not wait for each other: at each tick a random part
of them updates its activation from what its inputs show at that moment, the others go on as they
are. It must settle on exactly the synchronous answer, bit for bit, which is checked for every
image. On the way there:

  decision    the first time after which the answer never changes again
  settling    the last time at which anything changes
  detours     the final answer is there, is left, and is found again

Time is counted in updates a neuron, so that orders compare. Decision times are given by class, by
answer and by difficulty (the margin of the synchronous answer, terciles from the select images),
and divided into what the image and what the order decides. Orders:

  random      each neuron with probability --part at each tick (1: all at once, in lockstep)
  sequential  one neuron at a time, in sweeps through all of them, each in a new random order
  forward     layer by layer from the input: what a synchronous run does
  backward    layer by layer from the output: signals take a sweep a layer`,
		Example: `  neuroprobe state async                               from rest, a tenth of the neurons a tick
  neuroprobe state async --part 0.5                    half of them
  neuroprobe state async --order sequential --images 64
  neuroprobe state async --from silence                all activations 0
  neuroprobe state async --from previous               from the activity of another image
  neuroprobe state async --orders 20                   in 20 orders each: how much does order matter?
  neuroprobe state async --lesion 3:17,4:2             in a network with a lesion`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.parse(cmd); err != nil {
				return err
			}
			if err := o.checkAsync(cmd); err != nil {
				return err
			}
			return runF(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.order, "order", string(o.async.Order), "who updates when: `random`, sequential, forward or backward")
	f.Float64Var(&o.async.Part, "part", o.async.Part, "`probability` that a neuron updates at a tick, in random order")
	f.StringVar(&o.from, "from", string(o.async.From), "the activity before the image: `rest` (no input), silence (all 0) or previous (another image's)")
	f.IntVar(&o.async.Images, "images", o.async.Images, "show so many random `images` of the split")
	f.IntVar(&o.async.Orders, "orders", o.async.Orders, "show each in so many random `orders`")
	f.StringVar(&o.lesions, "lesion", "", "silence these all the time: `LAYER:NEURON`, several by comma, ranges, or a layer's all")
	o.addFlags(cmd, false)
	withoutFlags(cmd, "metric", "draws", "mean-over", "specimens", "resume", "memory")
	mustExist(cmd.RegisterFlagCompletionFunc("order", cobra.FixedCompletions([]string{"random", "sequential", "forward", "backward"}, cobra.ShellCompDirectiveNoFileComp)))
	mustExist(cmd.RegisterFlagCompletionFunc("from", cobra.FixedCompletions([]string{"rest", "silence", "previous"}, cobra.ShellCompDirectiveNoFileComp)))
	mustExist(cmd.RegisterFlagCompletionFunc("lesion", g.completeNeurons))
	return cmd
}

// checkAsync refuses what makes no sense for any network.
func (o *asyncOptions) checkAsync(cmd *cobra.Command) error {
	o.async.Order, o.async.From = state.Order(o.order), state.AsyncStart(o.from)
	random, changed := o.async.Order == state.RandomOrder, cmd.Flags().Changed
	switch {
	case !slices.Contains(state.Orders, o.async.Order):
		return usagef("--order %q: want random, sequential, forward or backward", o.order)
	case !slices.Contains(state.AsyncStarts, o.async.From):
		return usagef("--from %q: want rest, silence or previous", o.from)
	case changed("part") && !random:
		return usagef("--part has no meaning for --order %s", o.order)
	case random && !(o.async.Part >= state.MinPart && o.async.Part <= 1):
		return usagef("--part %v: want %v to 1", o.async.Part, state.MinPart)
	case o.async.Images < 2:
		return usagef("--images %d: want at least 2", o.async.Images)
	case o.async.Orders < 1 || o.async.Orders > state.MaxOrders:
		return usagef("--orders %d: want 1 to %d", o.async.Orders, state.MaxOrders)
	case changed("orders") && !o.async.Rule.Random():
		return usagef("--orders has no meaning for --order %s%s: there is but one", o.order, map[bool]string{true: " --part 1"}[random])
	}
	return nil
}

func runStateAsync(ctx context.Context, o *asyncOptions) error {
	e, err := o.open(ctx, func(n *model.Network) (err error) {
		if o.lesions != "" {
			o.async.Lesions, err = n.ParseAddresses(o.lesions)
		}
		return err
	})
	if err != nil {
		return err
	}
	o.async.Options = e.ablate
	result, err := state.Asynchrony(ctx, e.network, e.set, o.async)
	if err != nil {
		return e.failed(err)
	}
	return e.publish(reports.Async(reports.AsyncReport{Result: *result, Source: e.source()}))
}
