package reports

import (
	"fmt"
	"math"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
	"neuroprobe/probe"
)

// effectSection is the test of the claim.
func (r PrimedReport) effectSection() Section {
	x := r.Result
	t := Table{
		Caption:  "Shift of y, in logits",
		Columns:  append(textColumns("targets"), numberColumns("n", "y at rest", "after "+r.a(), "after "+r.b(), "effect", "95 % interval", "p")...),
		Terminal: true,
	}
	t.Rows = append(t.Rows, []string{"without fatigue (κ = 0)", Count(x.Targets), Number(r.all().Rest), "0", "0", "0", "exactly", Missing})
	for _, g := range x.Groups {
		t.Rows = append(t.Rows, []string{g.Name, Count(g.N), Number(g.Rest), primedChange(g.After[0].Estimate), primedChange(g.After[1].Estimate), primedChange(g.Effect.Estimate),
			primedRange(g.Effect), PValue(float64(g.P))})
	}
	t.Notes = []Note{{Text: fmt.Sprintf("y = %s. Effect = after %s − after %s: below 0 contrast, above 0 assimilation. Ambiguous: the fifth with the smallest |y| at rest.", r.y(), r.a(), r.b())}}
	g := r.all()
	said := fmt.Sprintf("Without fatigue %s of %s were bit-identical after a prime and after a rest. ", Count(x.Stateless.Logits-x.Stateless.Differing), plural(x.Stateless.Logits, "logit"))
	said += fmt.Sprintf("With κ = %v the effect on all targets is %s; drawing targets alone its interval is %s, drawing primes alone %s.", x.Body.Fatigue, primedChange(g.Effect.Estimate),
		primedRange(g.OverTargets), primedRange(g.OverPrimes))
	blocks := []Block{Paragraph(said + r.damping()), t}
	if png := r.shiftsPNG(); png != nil {
		blocks = append(blocks, Figure{File: "targets.png", PNG: png,
			Alt:     "Distribution of the effect over targets, by their class",
			Caption: fmt.Sprintf("Each target's effect, its mean y after the primes of %s less that after the primes of %s. Left of 0: contrast.", r.a(), r.b())})
	}
	return Section{"What a prime does to the next image", blocks}
}

// damping tells the effect from that of a prime which makes y smaller, whichever sign it has.
func (r PrimedReport) damping() string {
	groups := r.Result.Groups
	if len(groups) < 4 {
		return ""
	}
	a, b := groups[2].Effect, groups[3].Effect
	if a.High < 0 && b.High < 0 || a.Low > 0 && b.Low > 0 {
		return fmt.Sprintf(" It has the same sign on targets of %s and of %s: primes that only damped y more or less than others would move the two in opposite directions.", r.a(), r.b())
	}
	if excludesZero(a.Low, a.High) && excludesZero(b.Low, b.High) {
		return fmt.Sprintf(" It has opposite signs on targets of %s and of %s: the primes of one class damp y more than those of the other.", r.a(), r.b())
	}
	return ""
}

// answersSection is what became of the answers.
func (r PrimedReport) answersSection() Section {
	a := r.Result.Answers
	t := Table{
		Columns: append(textColumns("seen before"), numberColumns("answered "+r.a(), "95 % interval", "accuracy", "flips away from it", "flips towards it")...),
		Rows:    [][]string{{"nothing (rest)", Percent(a.Rest), Missing, Percent(a.Accuracy[0]), Missing, Missing}},
		Notes: []Note{{Text: fmt.Sprintf("Shares of %s; means over primes. Flips: answers other than at rest, to the other class of the two and to the prime's class, for a prime on average.",
			plural(r.Result.Targets, "target"))}},
		Terminal: true,
	}
	for k, class := range r.Result.Classes {
		t.Rows = append(t.Rows, []string{"a prime of " + class, Percent(a.After[k].Estimate), PercentInterval(a.After[k].Low, a.After[k].High), Percent(a.Accuracy[1+k]), Number(a.Away[k]), Number(a.Toward[k])})
	}
	said := fmt.Sprintf("After a prime of %s %s of the targets are answered %s, after one of %s %s, a difference of %s (95 %% interval %s, %s). Of the answers that a prime of %s and one of %s flip, %s go away from the prime and %s towards it.",
		r.a(), Percent(a.After[0].Estimate), r.a(), r.b(), Percent(a.After[1].Estimate), Points(a.Effect.Estimate), PointsInterval(a.Effect.Low, a.Effect.High), equalsP(float64(a.P)), r.a(), r.b(),
		Number(a.Away[0]+a.Away[1]), Number(a.Toward[0]+a.Toward[1]))
	return Section{"Answers", []Block{Paragraph(said), t}}
}

// curveWords are a curve's heading and axis.
var curveWords = map[string][2]string{
	"duration": {"Duration of the prime", "duration (presentations)"},
	"contrast": {"Contrast of the prime", "contrast (1: the image; 0: the mean image)"},
	"fatigue":  {"Fatigue", "fatigue κ"},
	"delay":    {"Delay", "delay (presentations)"},
}

// curvesSection is the effect by strength and delay.
func (r PrimedReport) curvesSection() Section {
	x := r.Result
	blocks := []Block{Paragraph(r.decay()), Figure{File: "curves.png", PNG: r.curvesPNG(),
		Alt:     "The effect by duration and contrast of the prime, by fatigue and by delay; the tables below have the numbers",
		Caption: "The effect with its 95 % interval over targets and primes (band). Each setting is changed with the others kept as they are above (ring). Dashed by delay: the effect at no delay, fading as the gains do."}}
	for _, c := range x.Curves {
		t := Table{Caption: curveWords[c.Name][0], Columns: numberColumns(c.Name, "effect", "95 % interval", "after "+r.a(), "after "+r.b(), "mean |y|", "mean gain")}
		for _, p := range c.Points {
			t.Rows = append(t.Rows, []string{Number(p.X), primedChange(p.Effect.Estimate), primedRange(p.Effect), primedChange(p.After[0].Estimate), primedChange(p.After[1].Estimate), Number(p.Size), fixed(p.Gain, 3)})
		}
		blocks = append(blocks, t)
	}
	return Section{"By strength and delay", blocks}
}

// primedChange is a change in which what the rounding of 32-bit logits leaves is 0.
func primedChange(x float64) string { return Signed(primedZero(x)) }

// primedRange is the interval of such a change.
func primedRange(i ablate.Interval) string {
	return SignedInterval(primedZero(i.Low), primedZero(i.High))
}

func primedZero(x float64) float64 {
	if math.Abs(x) < 1e-6 {
		return 0
	}
	return x
}

// decay says how the effect fades.
func (r PrimedReport) decay() string {
	x, d := r.Result, r.Result.Decay
	head := fmt.Sprintf("All on %s. Mean |y| is the size of y after the primes: fatigue damps it, and the effect with it. ", plural(x.CurveTargets, "target"))
	if !d.Tau.Estimate.Defined() {
		return head + "The effect without delay is not told from 0, so that no decay was fitted."
	}
	s := head + fmt.Sprintf("Fitted by E·exp(−delay/τ) the effect decays with τ = %s (95 %% interval %s); what the gains lack of 1 decays with τ = %s, given was %s.",
		Number(float64(d.Tau.Estimate)), Interval(float64(d.Tau.Low), float64(d.Tau.High)), Number(float64(d.Gains)), Number(d.Body))
	late := d.Late
	if !late.Estimate.Defined() {
		return s
	}
	s += fmt.Sprintf(" From a delay of 2τ on, when gains lack little, it is %s %s.", Number(float64(late.Estimate)), Interval(float64(late.Low), float64(late.High)))
	if float64(d.Tau.Low) > d.Body {
		s += " The effect fades more slowly than the fatigue at first: strong fatigue also holds the effect down, and recovery lifts both."
	}
	return s
}

// controlsSection are primes that have something of the primes and lack something.
func (r PrimedReport) controlsSection() Section {
	x := r.Result
	t := Table{
		Caption: "Other primes in the place of the primes",
		Columns: append(textColumns("primes"), numberColumns("drive "+r.a(), "drive "+r.b(), "after "+r.a(), "after "+r.b(), "effect", "95 % interval", "p")...),
	}
	for _, c := range x.Controls {
		t.Rows = append(t.Rows, []string{c.Name, Number(c.Drive[0]), Number(c.Drive[1]), primedChange(c.After[0].Estimate), primedChange(c.After[1].Estimate), primedChange(c.Effect.Estimate),
			primedRange(c.Effect), PValue(float64(c.P))})
	}
	t.Notes = []Note{
		{Text: "Drive: the mean over neurons of their activation as a multiple of its usual mean."},
		{Text: fmt.Sprintf("Matched drive: each prime of %s is another select image of its class that drives the network as much as a prime of %s. Pixels shuffled: the same colours without shapes. Phases scrambled: the same spatial frequencies and colours without shapes (Dakin et al. 2002).", r.b(), r.a())},
	}
	own := Table{
		Caption: "What a target loses of the logit difference for its own class",
		Columns: append(textColumns("seen before"), numberColumns("shift", "95 % interval")...),
		Notes:   []Note{{Text: "y for targets of " + r.a() + ", −y for those of " + r.b() + ". Below 0 the target is taken for its class less surely. Whatever is seen tires and costs some; contrast is that its own class costs more than the other."}},
	}
	for _, o := range x.Own {
		own.Rows = append(own.Rows, []string{o.Prime, Signed(o.Shift.Estimate), primedRange(o.Shift)})
	}
	return Section{"Controls", []Block{Paragraph(r.controlled()), t, own}}
}

// controlled says which controls have an effect.
func (r PrimedReport) controlled() string {
	var with, without []string
	for _, c := range r.Result.Controls[1:] {
		if excludesZero(c.Effect.Low, c.Effect.High) && c.P < 0.05 {
			with = append(with, c.Name)
		} else {
			without = append(without, c.Name)
		}
	}
	switch {
	case len(without) == 0:
		return "All controls have an effect: " + enumerate(with) + "."
	case len(with) == 0:
		return "None of the controls has an effect that is told from 0: " + enumerate(without) + "."
	}
	return fmt.Sprintf("There is an effect with %s; none is told from 0 with %s.", enumerate(with), enumerate(without))
}

// layersSection is where the effect comes from.
func (r PrimedReport) layersSection() Section {
	x := r.Result
	t := Table{
		Columns: append(textColumns("layer"), numberColumns("it alone tires", "95 % interval", "share of the effect", "all but it tire", "95 % interval")...),
		Notes:   []Note{{Text: fmt.Sprintf("The effect on %s; with all layers it is %s. Shares need not add up to 100 %%: tired layers damp each other.", plural(x.CurveTargets, "target"), Signed(x.Neurons.Whole.Estimate))}},
	}
	for _, l := range x.Layers {
		t.Rows = append(t.Rows, []string{fmt.Sprintf("%d %s", l.Layer, l.Name), primedChange(l.Alone.Estimate), primedRange(l.Alone), Percent(float64(l.Share)),
			primedChange(l.Frozen.Estimate), primedRange(l.Frozen)})
	}
	return Section{"Which layer", []Block{t}}
}

// neuronsSection is who carries the effect.
func (r PrimedReport) neuronsSection() Section {
	x := r.Result.Neurons
	t := Table{
		Columns: append(textColumns("neuron", "layer"), numberColumns("selectivity", "gain after "+r.a(), "after "+r.b(), "effect alone", "95 % interval", "share", "adjusted p", "change when frozen")...),
		Notes: []Note{
			{Text: fmt.Sprintf("The largest effects alone first. Selectivity: (mean activation on %s − on %s)/(their sum), on select. Effect alone: with this neuron alone tired. Frozen: what the effect of all changes by when this neuron alone stays fresh (tried for the first %d); above 0 it carried contrast.",
				r.a(), r.b(), x.Top)},
		},
	}
	carriers := r.carriers()
	for _, n := range x.Neurons[:min(len(x.Neurons), 20)] {
		frozen := Missing
		if n.Frozen != nil {
			frozen = primedChange(n.Frozen.Estimate)
		}
		p := PValue(float64(n.Adjusted))
		t.Rows = append(t.Rows, []string{n.Address.String(), n.Layer, primedSelectivity(n.Selectivity), fixed(n.Gain[0], 3), fixed(n.Gain[1], 3), primedChange(n.Effect.Estimate),
			primedRange(n.Effect), Percent(float64(n.Share)), p, frozen})
	}
	if more := len(x.Neurons) - len(t.Rows); more > 0 {
		t.Notes = append(t.Notes, Note{Text: plural(more, "more neuron") + " only in the JSON file."})
	}
	if len(x.Neurons) > len(t.Rows) && len(carriers) > len(t.Rows) {
		t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("%s carry the effect: adjusted p below 0.05 and an interval that excludes 0, of %s (%s each).", Count(len(carriers)), plural(x.Tests, "test"), plural(x.Shuffles, "permutation"))})
	}
	return Section{"Which neurons", []Block{Paragraph(r.account()), Figure{File: "neurons.png", PNG: r.neuronsPNG(),
		Alt:     "Selectivity of every neuron against the effect that it carries alone",
		Caption: fmt.Sprintf("Every neuron that can tire: which class it prefers against its effect when it alone tires. Left prefers %s, right %s; below 0 it carries contrast.", r.b(), r.a())}, t}}
}

func primedSelectivity(x probe.Number) string {
	if !x.Defined() {
		return Missing
	}
	return signedFixed(float64(x), 2)
}

// carriers are the neurons that carry a part of the effect.
func (r PrimedReport) carriers() []state.PrimedNeuron {
	return slices.DeleteFunc(slices.Clone(r.Result.Neurons.Neurons), func(n state.PrimedNeuron) bool { return !n.Carries })
}

// account holds the neurons against the account that contrast gives of them.
func (r PrimedReport) account() string {
	x := r.Result.Neurons
	carriers := r.carriers()
	if len(carriers) == 0 {
		return fmt.Sprintf("No neuron alone carries an effect that passes the correction for %s.", plural(x.Tests, "test"))
	}
	contrast, own := [2]int{}, [2]int{} // by sign: contrast, assimilation; own: the neuron prefers the class it speaks for
	var against *state.PrimedNeuron
	for k, n := range carriers {
		sign := 0
		if n.Effect.Estimate > 0 {
			sign = 1
			if against == nil {
				against = &carriers[k]
			}
		}
		contrast[sign]++
		if (float64(n.Selectivity) > 0) == (n.Push > 0) {
			own[sign]++
		}
	}
	verdict := "Neither is shown by the neurons"
	switch c := x.Carries; {
	case float64(c.High) < 0:
		verdict = "The neurons match contrast"
	case float64(c.Low) > 0:
		verdict = "The neurons match assimilation"
	}
	s := fmt.Sprintf("%s: the more selective a neuron, the further below 0 its effect alone (rank correlation of |selectivity| and effect %s, 95 %% interval over %s %s, %s; contrast predicts below 0, assimilation above).",
		verdict, rho(x.Carries), plural(x.Carries.Neurons, "neuron"), rhoInterval(x.Carries), equalsP(float64(x.Carries.P)))
	if float64(x.Carries.High) >= 0 {
		s = fmt.Sprintf("%s: the rank correlation of |selectivity| and effect alone is %s (95 %% interval over %s %s, %s; contrast predicts below 0, assimilation above).",
			verdict, rho(x.Carries), plural(x.Carries.Neurons, "neuron"), rhoInterval(x.Carries), equalsP(float64(x.Carries.P)))
	}
	s += fmt.Sprintf(" That a neuron tires more after the class it prefers shows as a correlation of selectivity with the gain lost after %s less that after %s: %s %s.",
		r.a(), r.b(), rho(x.Tires), rhoInterval(x.Tires))
	s += fmt.Sprintf(" Of %s that carry a part of the effect (adjusted p < 0.05 of %s) %s carry contrast and %s assimilation; over all neurons the effects alone below 0 sum to %s, those above to %s, and together they make %s.",
		plural(len(carriers), "neuron"), plural(x.Tests, "test"), Count(contrast[0]), Count(contrast[1]), Signed(x.Contrast), Signed(x.Assimilation), Signed(x.Whole.Estimate))
	s += fmt.Sprintf(" Of those that carry contrast %s prefer the class they speak for (y moves away from it when they alone tire), of those that carry assimilation %s.", Count(own[0]), Count(own[1]))
	if against != nil {
		s += fmt.Sprintf(" The strongest of the latter is %v, %s %s.", against.Address, Signed(against.Effect.Estimate), primedRange(against.Effect))
	}
	return s + fmt.Sprintf(" The first %d alone have the effect %s %s; with them fresh and all others tired %s %s is left.", x.Top,
		Signed(x.TopAlone.Estimate), primedRange(x.TopAlone), Signed(x.TopFrozen.Estimate), primedRange(x.TopFrozen))
}

func rho(c state.Correlation) string { return signedFixed(float64(c.R), 2) }

func rhoInterval(c state.Correlation) string {
	return "[" + signedFixed(float64(c.Low), 2) + ", " + signedFixed(float64(c.High), 2) + "]"
}

// primesSection shows the primes.
func (r PrimedReport) primesSection() Section {
	x := r.Result
	t := Table{Columns: append(textColumns("prime", "class"), numberColumns("y at rest", "drive", "mean shift of targets")...)}
	var thumbs []thumbnail
	shown := map[int]int{}
	for _, p := range x.Primes {
		if len(t.Rows) < 30 {
			t.Rows = append(t.Rows, []string{p.Name, x.Classes[p.Class], Signed(p.Y), Number(p.Drive), primedChange(p.Shift)})
		}
		if shown[p.Class]++; shown[p.Class] <= thumbnailsPerLine {
			frame, word := blue, elide(x.Classes[p.Class], 10)
			if p.Class == 1 {
				frame = vermillion
			}
			thumbs = append(thumbs, thumbnail{p.Image, frame, word, []string{"y " + signedFixed(p.Y, 1), "shift " + signedFixed(p.Shift, 2)}})
		}
	}
	if more := len(x.Primes) - len(t.Rows); more > 0 {
		t.Notes = []Note{{Text: plural(more, "more prime") + " only in the JSON file."}}
	}
	return Section{"The primes", []Block{Figure{File: "primes.png", PNG: thumbnailsPNG(r.Set, thumbs, thumbnailsPerLine),
		Alt:     "The first primes of each class",
		Caption: "The first primes of each class: y at rest, and the mean shift of all targets after it."}, t}}
}
