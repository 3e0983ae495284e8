package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/probe"
)

// PatchReport is what activation patching hands in.
type PatchReport struct {
	Result *ablate.PatchResult
	Source
}

// Patch is the entry of activation patching: of one target on several sets of pairs, or the map of
// many on one.
func Patch(r PatchReport) Entry {
	e := Entry{
		Kind:     "ablate-patch",
		Warnings: r.unusable(),
		Method:   r.method(),
		Caveats:  r.caveats(),
		Provenance: r.provenance(r.Result.Split, r.Result.Seed,
			Fact{"bootstrap resamples", Count(r.Result.Resamples)}, Fact{"sign flips", Count(r.Result.Permutations)}),
		Exclusions: r.exclusions(),
		Run:        r.Run,
		Data:       patchData{r.Result.Split.String(), r.Result},
	}
	if r.Result.Map {
		set := r.Result.Sets[0]
		e.Slug = Slug("patch", "map", set.Name)
		e.Title = fmt.Sprintf("Patching map of %s", r.difference(set))
		e.Question = fmt.Sprintf("Which neurons carry %s, and are they enough or only needed?", r.difference(set))
		e.Answer = r.mapAnswer(set)
		e.Sections = nonEmpty(r.mapSection(set), r.topSection(set), r.controlsSection())
		return e
	}
	t := r.target()
	e.Slug = strings.Replace(t.slug, "ablate-", "patch-", 1)
	e.Title = fmt.Sprintf("Patching of %s (%s)", t.name, t.where)
	e.Question = fmt.Sprintf("How much of what tells a clean image from a corrupted one goes through %s (%s)?", t.name, t.where)
	e.Answer = r.targetAnswer(t)
	e.Sections = nonEmpty(r.recoverySection(), r.detailSection(), r.controlsSection())
	return e
}

// patchData is patching for programs.
type patchData struct {
	Split string `json:"split"`
	*ablate.PatchResult
}

// target names what was patched.
func (r PatchReport) target() targets {
	var all []ablate.Target
	for _, a := range r.Result.Targets[0] {
		all = append(all, ablate.Target{Address: a, Layer: r.Network.Layer(a.Layer).Name})
	}
	return nameTargets(r.Network, all)
}

// difference is what tells clean from corrupted, in a sentence.
func (r PatchReport) difference(s ablate.PatchSet) string {
	if s.Twins {
		return "the feature " + s.Name
	}
	return "the difference between " + classList(r.Result.Classes)
}

func classList(classes []string) string {
	if len(classes) > 4 {
		return Count(len(classes)) + " classes"
	}
	return enumerate(classes)
}

// usable are the sets of pairs on which clean − corrupted can be told from 0: only there do shares of it
// mean something.
func (r PatchReport) usable() []ablate.PatchSet {
	var out []ablate.PatchSet
	for _, s := range r.Result.Sets {
		if patchUsable(s) {
			out = append(out, s)
		}
	}
	return out
}

func patchUsable(s ablate.PatchSet) bool {
	return len(s.Units) > 0 && (s.Total.Low > roundingOfFloat32 || s.Total.High < -roundingOfFloat32)
}

// unusable are warnings that have no table to stand under.
func (r PatchReport) unusable() []string {
	if len(r.usable()) == 0 {
		return r.Result.Warnings
	}
	return nil
}

// share is an effect in a cell, its interval in another.
func patchShare(e ablate.PatchEffect) string { return Percent(notRounding(e.Share)) }

func patchSpan(e ablate.PatchEffect) string {
	low, high := notRounding(e.Low), notRounding(e.High)
	return unit(interval(100*low, 100*high, 1, false), "%")
}

// rounded is 0 for what rounding errors leave of it.
func notRounding(x probe.Number) float64 {
	if math.Abs(float64(x)) < roundingOfFloat32 {
		return 0
	}
	return float64(x)
}

func patchTold(e ablate.PatchEffect) bool {
	return e.Adjusted.Defined() && e.Adjusted < probe.Alpha && excludesZero(notRounding(e.Low), notRounding(e.High))
}

// patchReading says which of the two directions shows more.
func patchReading(u ablate.PatchUnit) string {
	d, n := u.Denoising, u.Noising
	switch {
	case !patchTold(d) && !patchTold(n):
		return "neither"
	case d.Share < 0 && n.Share < 0:
		return "against the difference"
	case d.Low > n.High:
		return "rather sufficient (OR-like)"
	case n.Low > d.High:
		return "rather necessary (AND-like)"
	}
	return "alike"
}

func (r PatchReport) targetAnswer(t targets) string {
	sets, name, carries := r.usable(), t.name, capital(t.name)+" carries"
	if t.many {
		name, carries = name+" together", "Patched together, "+name+" carry"
	}
	if len(sets) == 0 {
		return fmt.Sprintf("Nothing can be said about %s: on no set of pairs do clean and corrupted runs differ in a way that can be told from 0.", name)
	}
	best, passed := sets[0], 0
	for _, s := range sets {
		if u := s.Units[0]; math.Abs(float64(u.Denoising.Share)) > math.Abs(float64(best.Units[0].Denoising.Share)) {
			best = s
		}
		if patchTold(s.Units[0].Denoising) || patchTold(s.Units[0].Noising) {
			passed++
		}
	}
	u := best.Units[0]
	said := fmt.Sprintf("denoising gives back %s of it (95 %% interval %s) and noising takes %s (%s), on %s of the %s split",
		patchShare(u.Denoising), patchSpan(u.Denoising), patchShare(u.Noising), patchSpan(u.Noising), plural(best.Left(), pairWord(best)), r.Result.Split)
	if len(sets) == 1 {
		if passed == 0 {
			return fmt.Sprintf("No share of %s can be told from 0 in %s: %s.", r.difference(best), name, said)
		}
		return fmt.Sprintf("%s part of %s: %s.", carries, r.difference(best), said)
	}
	if passed == 0 {
		return fmt.Sprintf("%s no share of any of %s that can be told from 0; the largest is that of %s: %s.", carries, plural(len(sets), "feature"), best.Name, said)
	}
	return fmt.Sprintf("%s a share that can be told from 0 of %s of %s; denoising shows most for %s: it", carries, Count(passed), plural(len(sets), "feature"), best.Name) + strings.TrimPrefix(said, "denoising") + "."
}

func pairWord(s ablate.PatchSet) string {
	if s.Twins {
		return "twin pair"
	}
	return "class pair"
}

func (r PatchReport) mapAnswer(s ablate.PatchSet) string {
	if !patchUsable(s) {
		return fmt.Sprintf("There is no map of %s: clean and corrupted runs do not differ in a way that can be told from 0.", r.difference(s))
	}
	denoising, noising, strongest, neediest := 0, 0, s.Units[0], s.Units[0]
	for _, u := range s.Units {
		if patchTold(u.Denoising) {
			denoising++
		}
		if patchTold(u.Noising) {
			noising++
		}
		if u.SelectDenoising > strongest.SelectDenoising {
			strongest = u
		}
		if u.SelectNoising > neediest.SelectNoising {
			neediest = u
		}
	}
	answer := fmt.Sprintf("Of %s, %s carry a share of %s told from 0 by denoising and %s by noising; chosen on select, %s gives back most, %s of it (95 %% interval %s)",
		plural(len(s.Units), "neuron"), Count(denoising), r.difference(s), Count(noising), patchNames(strongest), patchShare(strongest.Denoising), patchSpan(strongest.Denoising))
	if patchNames(neediest) == patchNames(strongest) {
		answer += fmt.Sprintf(", and is needed most, for %s (%s)", patchShare(neediest.Noising), patchSpan(neediest.Noising))
	} else {
		answer += fmt.Sprintf(", and %s is needed most, for %s (%s)", patchNames(neediest), patchShare(neediest.Noising), patchSpan(neediest.Noising))
	}
	return answer + fmt.Sprintf(", on %s of the %s split.", plural(s.Left(), pairWord(s)), r.Result.Split)
}

// patched names a unit's neurons.
func patchNames(u ablate.PatchUnit) string {
	var names []string
	for _, a := range u.Targets {
		names = append(names, a.String())
	}
	return strings.Join(names, ", ")
}

func (r PatchReport) method() string {
	res := r.Result
	twins := slices.ContainsFunc(res.Sets, func(s ablate.PatchSet) bool { return s.Twins })
	pairs := "Each image of the split is a clean image once, with a random image of another class as the corrupted one; y is the logit of the clean image's class minus that of the corrupted image's"
	if twins {
		pairs = "A pair are twins: an image of the split and the same image drawn again with the feature flipped, all else equal; the one that has the feature is clean. " +
			"y is the logit of the class that the feature speaks for, in which it is more frequent on train, minus the strongest other logit of the clean run (which class that is stays fixed)"
	}
	ranked := ""
	if res.Map {
		ranked = " Neurons are ranked by the larger of their two shares on pairs of the select split; all numbers shown are from the split named."
	}
	return fmt.Sprintf("Activation patching. %s. Denoising: the corrupted run with the target's activation from the clean run; recovery = (patched − corrupted) / (clean − corrupted). "+
		"Noising: the clean run with the activation from the corrupted run; damage = (clean − noised) / (clean − corrupted), each in y. Everything else is left to the network. 100 %% means all of the difference, 0 none. "+
		"The main number is the ratio of means, Σ numerators / Σ denominators, over pairs whose |clean − corrupted| is at least 5 %% of the median; others are left out and counted. "+
		"Intervals are 95 %% bootstrap intervals over pairs (%s, seed %d). p is a sign-flip test of the numerators against 0 (%s flips, two-sided), adjusted by Benjamini and Hochberg over all %s of this entry.%s",
		pairs, plural(res.Resamples, "resample"), res.Seed, Count(res.Permutations), plural(res.Tests, "test"), ranked)
}

func (r PatchReport) caveats() []string {
	c := []string{
		"Denoising asks what is enough, noising what is needed. Of two neurons that back each other up (OR), either gives everything back and neither is needed; of two that need each other (AND), either takes everything away and neither is enough. A neuron in series with others has both. Shares of different neurons need not add up to 100 %.",
		"A patched activation is one that the network really has on the other image, but in company it never keeps: the rest of the run is that of another image.",
		"That a neuron carries a share of a difference does not say that it codes for it: it may pass on brightness, or size, or anything else that differs within the pair.",
	}
	if !slices.ContainsFunc(r.Result.Sets, func(s ablate.PatchSet) bool { return s.Twins }) {
		c = append(c, "The two images of a class pair differ in everything, not in the class alone; twins, where the data make them, differ in one feature.")
	}
	if r.Result.Split == datasets.Select && r.Result.Map {
		c = append(c, "Measured on the select split, on which the neurons were also ranked: the shares of the highest are overstated.")
	}
	if !r.Result.Map && len(r.Result.Sets) > 1 {
		c = append(c, "The feature with the largest share is named among several measured on the same images, so that its share is likely to be a little too large.")
	}
	if last := r.Network.Depth() - 1; r.Result.Map && slices.Contains(patchLayers(r.Result.Sets[0]), last) && len(r.Network.Geometry(last+1).Inputs) == 1 {
		c = append(c, fmt.Sprintf("y is a sum over the neurons of layer %d, the last before the output: there denoising and noising are the same and shares add up to 100 %%, by construction.", last))
	}
	return append(c, "One network is one specimen (n = 1): pairs are repeated measures within it. A network raised from another seed may divide the work differently.")
}

func (r PatchReport) exclusions() []Exclusion {
	var out []Exclusion
	for _, s := range r.Result.Sets {
		if s.Excluded > 0 {
			out = append(out, Exclusion{Count: s.Excluded, What: fmt.Sprintf("of %s in %s, whose |clean − corrupted| is below %s", plural(s.Pairs, "pair"), s.Name, Number(s.Threshold))})
		}
	}
	return out
}

// patchTop is how many units of a layer the tables show.
const patchTop = 8
